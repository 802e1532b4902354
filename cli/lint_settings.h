// Which rules `dcache lint` runs, and what it may read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/lint_options.h"
#include "dcache/context/disk.h"
#include "dcache/lint/linters.h"
#include "dcache/lint/shellcheck.h"

namespace dcache::cli {

// The disk, where the files that the user named are read wherever they lead.
context::DiskOptions disk_of(const LintOptions& options);

// What the options of the command line make of configurations.
class LintSettings {
 public:
  // Both have to outlive the object.
  LintSettings(const LintOptions& options, const context::FileSystem& files);

  // False, with a message on standard error, if an option names what does not exist.
  bool check() const;

  // What the summary says of this run; mostly empty.
  const std::string& note() const { return note_; }

  // What the environment and the command line change of a configuration, one after the other.
  void add_layers(std::vector<lint::ConfigLayer>& layers) const;

  // They refer to the object.
  lint::Linters::Options linters() const;

 private:
  void adjust(lint::Config& config) const;

  const LintOptions& options_;
  const context::FileSystem& files_;
  std::shared_ptr<const lint::ShellCheck> shellcheck_;  // null if it is not there
  std::string note_;
};

}  // namespace dcache::cli
