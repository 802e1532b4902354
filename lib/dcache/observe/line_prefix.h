// What is before each line of a log, whatever writes it: `Step #2 - "build": #5 DONE 1.2s`. Internal to
// observe/.
//
// Only the shape of it is looked at: words and numbers may be any, and what is between them is the same in
// each line. It counts if most lines of plain progress have it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::observe {

class LinePrefixes {
 public:
  // A line that may have a prefix which is not known yet.
  struct PendingLine {
    std::string text;
    std::optional<int64_t> time;
  };
  // What is left of a line without its prefix, and the time in that.
  struct StrippedLine {
    std::string_view text;
    std::optional<int64_t> time = {};
  };

  // Whether a prefix is known. Lines without it are not of the build then.
  bool is_known() const { return !shapes_.empty(); }
  // A line without its prefix, if it has one that is known.
  std::optional<StrippedLine> strip(std::string_view line) const;
  // Lines with the prefixes that were known are not of a build any more.
  void forget();
  // Counts a line of plain progress that has no prefix, unless there were so many that no more are needed.
  bool counts_bare() const { return bare_ < kMostBare; }
  void add_bare() { ++bare_; }
  bool has_bare() const { return bare_ > 0; }
  // Looks at a line that has no prefix which is known. True if it shows one, which is known from now on:
  // take_kept() has the lines with it.
  bool learn(std::string_view line, std::optional<int64_t> time);
  // At the end of a log in which nothing else was found, fewer lines will do.
  bool learn_at_end();
  // The lines that were kept and have a known prefix, in their order.
  std::vector<PendingLine> take_kept();

 private:
  struct Counts {
    size_t lines = 0;  // of plain progress
    bool has_name = false;
  };
  bool take(const std::string& shape);

  static constexpr size_t kMostBare = 10'000;
  std::vector<std::string> shapes_;
  std::map<std::string, Counts> counts_;  // by shape
  std::deque<PendingLine> kept_;
  size_t kept_bytes_ = 0;
  size_t bare_ = 0;
};

}  // namespace dcache::observe
