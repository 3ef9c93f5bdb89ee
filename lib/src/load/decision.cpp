#include "load/decision.hpp"

#include <algorithm>
#include <array>

namespace ratings {
namespace {

constexpr std::array kSamples{
    ContentHash{
        {0xa9, 0xfc, 0xec, 0x6c, 0xca, 0x66, 0x1c, 0x2f, 0x9b, 0x88, 0x01, 0xd2, 0x21, 0x9d, 0x8f, 0xfb}},
};

template <typename Range>
bool contains(const Range& hashes, const ContentHash& hash) {
  return std::find(std::begin(hashes), std::end(hashes), hash) != std::end(hashes);
}

bool holds_only_sample(const LoadFacts& facts) {
  const auto is_sample = [](const ContentHash& hash) { return contains(kSamples, hash); };
  return !facts.live.empty() && !facts.foreign_changes &&
         std::all_of(facts.live.begin(), facts.live.end(), is_sample);
}

std::vector<bool> all(std::size_t count) { return std::vector<bool>(count, true); }

/// The first of equal contents.
std::vector<bool> once_each(std::span<const ContentHash> contents) {
  std::vector<bool> taken;
  for (std::size_t i = 0; i < contents.size(); ++i)
    taken.push_back(!contains(contents.first(i), contents[i]));
  return taken;
}

bool is_exactly(const LoadFacts& facts, std::span<const ContentHash> contents) {
  if (facts.foreign_changes) return false;
  std::vector<ContentHash> wanted{contents.begin(), contents.end()};
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  // A content that is live twice was loaded with --again: replacing it by one copy is a change.
  auto live = facts.live;
  std::sort(live.begin(), live.end());
  return wanted == live;
}

ContentHash fresh_hash(const LoadFacts& facts, std::span<const std::optional<ContentHash>> contents,
                       std::uint8_t number) {
  ContentHash hash;
  hash.bytes.back() = number;
  while (contains(facts.live, hash) || contains(kSamples, hash) || contains(contents, hash))
    ++hash.bytes.front();
  return hash;
}

}  // namespace

std::span<const ContentHash> known_samples() noexcept { return kSamples; }

Decision decide(const LoadFacts& facts, std::span<const ContentHash> contents, const Wishes& wishes) {
  const auto each = wishes.again ? all(contents.size()) : once_each(contents);
  const std::vector<bool> none(contents.size(), false);
  // Batches may hold rows of a table that was emptied: replacing it must leave them behind.
  const bool batches_to_end = wishes.if_full == IfFull::replace && (facts.held || !facts.live.empty());
  const auto is_live = [&](const ContentHash& hash) { return contains(facts.live, hash); };
  const bool all_live = std::all_of(contents.begin(), contents.end(), is_live);
  auto taken = each;
  for (std::size_t i = 0; i < contents.size(); ++i)
    taken[i] = taken[i] && (wishes.again || !is_live(contents[i]));
  // What was loaded waits for undo, and a second copy would come back with it.
  const bool waiting = facts.empty && facts.held && wishes.if_full != IfFull::replace;
  if (facts.empty && !waiting) return {Verdict::write, batches_to_end ? Fill::replace : Fill::first, each};

  if (wishes.if_full == IfFull::replace) {
    if (!wishes.again && is_exactly(facts, contents)) return {Verdict::no_op, Fill::replace, none};
    return {Verdict::write, Fill::replace, each};
  }
  if (holds_only_sample(facts) && !all_live) return {Verdict::write, Fill::renew, each};
  if (waiting) {
    if (!all_live || wishes.again) return {Verdict::write, Fill::first, taken};
    if (facts.foreign_changes) return {Verdict::write, Fill::renew, each, true};
    return {Verdict::no_op, Fill::first, none};
  }
  if (all_live && !wishes.again) return {Verdict::no_op, Fill::append, none};
  if (wishes.if_full == IfFull::refuse && !all_live) return {Verdict::refuse, Fill::append, none};
  return {Verdict::write, Fill::append, taken};
}

Decision presume(const LoadFacts& facts, std::span<const std::optional<ContentHash>> contents,
                 const Wishes& wishes) {
  std::vector<ContentHash> if_new;
  std::vector<ContentHash> if_live;
  std::uint8_t number = 0;
  for (const auto& content : contents) {
    const auto fresh = content.value_or(fresh_hash(facts, contents, number++));
    if_new.push_back(fresh);
    if_live.push_back(content.value_or(facts.live.empty() ? fresh : facts.live.front()));
  }
  auto decision = decide(facts, if_new, wishes);
  if (decision.verdict == Verdict::write) return decision;
  const auto other = decide(facts, if_live, wishes);
  return other.verdict == Verdict::write ? other : decision;
}

}  // namespace ratings
