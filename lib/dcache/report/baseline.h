// Findings that are known already: a project that starts with many of them hears of new ones alone.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/lint/engine.h"
#include "dcache/text/document.h"

namespace dcache::report {

// Findings by file and fingerprint (see Fingerprints), which stay when lines move. Const calls are safe from
// many threads.
class Baseline {
 public:
  // The text of a file that to_json() gave; the error says what is wrong with it.
  static tl::expected<Baseline, std::string> read(const std::string& text);

  // What a file is called in a baseline: its path from the folder that the baseline is in.
  static std::string name_of(const std::string& path, const std::string& baseline);

  void add(const std::string& path, std::string fingerprint) {
    findings_[path].insert(std::move(fingerprint));
  }
  size_t size() const;
  bool covers(const std::string& path, const std::string& fingerprint) const;
  // {"version":1,"findings":{"PATH":["FINGERPRINT",…]}}, in the order of paths.
  std::string to_json() const;

 private:
  std::map<std::string, std::set<std::string>> findings_;
};

// Silences the findings of a file that the baseline covers. Gives the fingerprints of all, for a new
// baseline.
std::vector<std::string> silence_known(const Baseline& baseline, const std::string& name,
                                       const text::Document& file, lint::Findings& findings);

}  // namespace dcache::report
