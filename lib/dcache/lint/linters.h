// The linter for each file: by the configuration that applies where the file is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/lint/config.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/hadolint_config.h"
#include "dcache/lint/shellcheck.h"

namespace dcache::lint {

// Reads each configuration once. Safe to use from many threads.
class Linters {
 public:
  struct Options {
    std::string config = {};  // the file that holds for all; empty: the nearest above each
    // The user's environment, for those who have no file of ours: HADOLINT_… counts, and hadolint's
    // configuration in the home folder where no other is found. Empty: neither.
    Variables variables = {};
    // Has the last word on what a file says.
    std::function<void(Config&)> adjust = {};
    // Run by the linters; null for none.
    std::shared_ptr<const ShellCheck> shellcheck = nullptr;
    // Where configurations are read from; has to outlive this.
    const context::FileSystem* files = context::disk().get();
  };
  // `rules` have to outlive this.
  Linters(std::span<const Rule> rules, Options options);

  struct Entry {
    std::string path;              // of the configuration; empty for none
    Config given;                  // what it says, and HADOLINT_… where that counts
    Config config;                 // with what `adjust` made of it
    std::optional<Linter> linter;  // nothing if the configuration can't be used
    std::optional<cache::Failure> failure;
    bool excluded = false;              // a search passes over the file
    std::vector<cache::Failure> notes;  // what of it has no effect, though it is not wrong
    // Where files have settings of their own; null for none.
    std::shared_ptr<const FileSettings> of_files = {};
  };
  // What holds for a file. The reference stays good as long as this.
  const Entry& of(const std::string& path);
  // How `given` of a file comes about, which has to be free of failures: the defaults, the configuration, its
  // overrides and each variable. `exclude` is that of the configuration.
  std::vector<ConfigLayer> layers_of(const std::string& path);

 private:
  Entry& of_config(const std::string& path);
  const Entry& with_overrides(const Entry& general, const std::string& file);
  std::string find(const std::string& folder) const;
  void read(Entry& entry) const;
  tl::expected<Config, cache::Failure> read_file(const std::string& path,
                                                 std::vector<cache::Failure>& notes) const;
  // Whether HADOLINT_… adds to a configuration.
  bool takes_variables(const std::string& path) const;
  void put_to_use(Entry& entry) const;

  std::span<const Rule> rules_;
  Options options_;
  std::vector<std::string_view> names_;
  std::mutex mutex_;
  std::map<std::string, Entry> by_config_;
  std::map<std::string, const Entry*> by_folder_;
  std::map<std::string, Entry> by_file_;  // where a configuration has overrides
};

}  // namespace dcache::lint
