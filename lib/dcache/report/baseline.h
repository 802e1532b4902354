// Findings that are known already: a project that starts with many of them hears of new ones alone.
#pragma once

#include <map>
#include <set>
#include <string>

#include <tl/expected.hpp>

namespace dcache::report {

// Findings by file and fingerprint (see Fingerprints), which stay when lines move. Const calls are safe from
// many threads.
class Baseline {
 public:
  // The text of a file that to_json() gave; the error says what is wrong with it.
  static tl::expected<Baseline, std::string> read(const std::string& text);

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

}  // namespace dcache::report
