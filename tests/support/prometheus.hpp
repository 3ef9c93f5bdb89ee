#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ratings::test {

/// A page in Prometheus' text format 0.0.4, read strictly: whatever a scraper may refuse or a reader may
/// misunderstand throws std::runtime_error with the line.
class PrometheusPage {
 public:
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
  };
  struct Family {
    std::string type;
    std::vector<Sample> samples;
  };

  explicit PrometheusPage(const std::string& text) {
    if (!text.ends_with('\n')) throw std::runtime_error{"the page does not end with a line feed"};
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      line_ = text.substr(at, end - at);
      read_line();
      at = end + 1;
    }
    close_family();
    for (const auto& [name, family] : families_) {
      if (family.samples.empty() && family.type != "counter") fail("family " + name + " has no samples");
      if (family.type == "histogram") check_histogram(name, family);
    }
  }

  [[nodiscard]] const std::map<std::string, Family>& families() const { return families_; }

  /// Of the series with exactly these labels; NaN when there is none.
  [[nodiscard]] double value(const std::string& name, const Labels& labels = {}) const {
    for (const auto& [family, content] : families_) {
      for (const auto& sample : content.samples) {
        if (sample.name == name && sample.labels == labels) return sample.value;
      }
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw std::runtime_error{why + ": " + line_}; }

  void read_line() {
    static const std::regex kHelp{"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)"};
    static const std::regex kType{"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)"};
    std::smatch found;
    if (std::regex_match(line_, found, kHelp)) {
      close_family();
      open_ = found[1];
      typed_ = false;
      if (families_.contains(open_)) fail("a family begins twice");
      return;
    }
    if (std::regex_match(line_, found, kType)) {
      if (found[1] != open_ || typed_) fail("a TYPE that does not follow its HELP");
      typed_ = true;
      families_[open_].type = found[2];
      check_name();
      return;
    }
    read_sample();
  }

  void close_family() const {
    if (!open_.empty() && !typed_) fail("a family without TYPE");
  }

  /// prometheus.io/docs/practices/naming
  void check_name() const {
    if (!open_.starts_with("ratingsctl_") && !open_.starts_with("process_")) fail("a name without prefix");
    if ((families_.at(open_).type == "counter") != open_.ends_with("_total"))
      fail("_total belongs to counters, and to nothing else");
    for (const char* unit : {"_ms_", "_us_", "_ns_", "_milliseconds_", "_microseconds_", "_kilobytes_"}) {
      if ((open_ + "_").find(unit) != std::string::npos) fail("a unit that is no base unit");
    }
  }

  void read_sample() {
    static const std::regex kWhole{R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.+)\})? ([^ ]+))"};
    std::smatch found;
    if (!std::regex_match(line_, found, kWhole)) fail("no sample");
    if (!typed_) fail("a sample before its TYPE");
    Sample sample{.name = found[1], .labels = labels(found[2]), .value = number(found[3])};
    auto& family = families_.at(open_);
    const bool histogram = family.type == "histogram";
    const bool fits = histogram ? sample.name == open_ + "_bucket" || sample.name == open_ + "_sum" ||
                                      sample.name == open_ + "_count"
                                : sample.name == open_;
    if (!fits) fail("a sample of another family");
    if (family.type != "gauge" && !(sample.value >= 0)) fail("a count below zero");
    if (!series_.emplace(sample.name, sample.labels).second) fail("a series that is there twice");
    family.samples.push_back(std::move(sample));
  }

  [[nodiscard]] Labels labels(const std::string& text) const {
    static const std::regex kOne{R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$))re"};
    Labels labels;
    auto at = text.cbegin();
    for (std::smatch found; at != text.cend(); at = found.suffix().first) {
      if (!std::regex_search(at, text.cend(), found, kOne, std::regex_constants::match_continuous))
        fail("broken labels");
      if (!labels.emplace(found[1], found[2]).second) fail("a label that is there twice");
    }
    return labels;
  }

  [[nodiscard]] double number(const std::string& text) const {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used != text.size() || std::isnan(value)) fail("no number");
    return value;
  }

  void check_histogram(const std::string& name, const Family& family) {
    std::map<Labels, std::vector<std::pair<double, double>>> buckets;
    for (auto sample : family.samples) {
      line_ = name;
      if (sample.name != name + "_bucket") continue;
      const auto le = sample.labels.at("le");
      const double bound = le == "+Inf" ? std::numeric_limits<double>::infinity() : number(le);
      sample.labels.erase("le");
      buckets[sample.labels].emplace_back(bound, sample.value);
    }
    for (const auto& [labels, rows] : buckets) {
      if (!std::is_sorted(rows.begin(), rows.end())) fail("buckets out of order");
      for (std::size_t i = 1; i < rows.size(); ++i) {
        if (rows[i].second < rows[i - 1].second) fail("buckets that are not cumulative");
      }
      if (!std::isinf(rows.back().first)) fail("no +Inf bucket");
      if (rows.back().second != value(name + "_count", labels)) fail("+Inf is not the count");
      if (std::isnan(value(name + "_sum", labels))) fail("no sum");
    }
  }

  std::map<std::string, Family> families_;
  std::set<std::pair<std::string, Labels>> series_;
  std::string open_;
  bool typed_ = false;
  std::string line_;
};

}  // namespace ratings::test
