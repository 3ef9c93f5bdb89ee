#include "csv/block_parser.hpp"

#include <utility>

namespace ratings::csv {
namespace {

// "0,0,0,0" and its line end: the shortest row there is.
constexpr std::size_t kShortestRow = 8;
// The last one may do without a line end.
constexpr std::size_t kMostRows = kBlockSize / kShortestRow + 1;

Mistake too_long() { return {Fault::too_long, "the line is longer than 64 KiB"}; }

/// Why this line is bad. Asked for a second time when the row is reported: bad rows are few, blocks are many.
Mistake mistake_of(std::string_view line, bool cut, const Layout& layout) {
  const auto text = line_text(line);
  if (cut || text.size() > kMaxLine) return too_long();
  return std::get<Mistake>(parse_line(text, layout));
}

}  // namespace

BlockParser::BlockParser(const Layout& layout) : layout_{layout}, rows_(kMostRows) {}

std::span<const Rating> BlockParser::parse(const Block& block) {
  block_ = &block;
  at_ = 0;
  lines_ = 0;
  count_ = 0;
  bad_.clear();
  if (block.begins_inside) mark(line_end(), true);
  while (at_ < block.size) {
    if (layout_.is_plain()) parse_plain_rows();
    if (at_ < block.size) parse_one_line();
  }
  return std::span{rows_}.first(count_);
}

void BlockParser::parse_plain_rows() {
  const char* const begin = block_->bytes.data();
  const char* const end = begin + block_->size;
  const char* text = begin + at_;
  const auto before = count_;
  // A plain row ends with a line feed, so none reaches beyond the block; at its end stand zeros.
  while (text < end) {
    const char* after = parse_plain_row(text, layout_.delimiter, rows_[count_]);
    if (after == nullptr) break;
    text = after;
    ++count_;
  }
  lines_ += count_ - before;
  at_ = static_cast<std::size_t>(text - begin);
}

void BlockParser::parse_one_line() {
  const auto end = line_end();
  const bool cut = block_->ends_inside && end == block_->size;
  const auto text = line_text(block_->text().substr(at_, end - at_));
  if (!cut && text.size() <= kMaxLine) {
    const auto parsed = parse_line(text, layout_);
    if (const auto* row = std::get_if<Rating>(&parsed)) {
      rows_[count_++] = *row;
      ++lines_;
      at_ = end;
      return;
    }
  }
  mark(end, false);
  ++lines_;
}

std::size_t BlockParser::line_end() const noexcept {
  const auto found = block_->text().find('\n', at_);
  return found == std::string_view::npos ? block_->size : found + 1;
}

void BlockParser::mark(std::size_t end, bool continued) {
  bad_.push_back({.offset = static_cast<std::uint32_t>(at_),
                  .size = static_cast<std::uint32_t>(end - at_),
                  .line = static_cast<std::uint32_t>(lines_),
                  .continued = continued});
  at_ = end;
}

void BlockParser::report(std::uint64_t first_line, BadRowSink& sink) const {
  for (const auto& spot : bad_) {
    const auto line = block_->text().substr(spot.offset, spot.size);
    if (!spot.continued) {
      const bool cut = block_->ends_inside && spot.offset + spot.size == block_->size;
      auto mistake = mistake_of(line, cut, layout_);
      sink.bad_row({.line = first_line + spot.line,
                    .byte_offset = block_->offset + spot.offset,
                    .fault = mistake.fault,
                    .reason = std::move(mistake.reason)});
    }
    sink.bad_bytes(line);
  }
}

}  // namespace ratings::csv
