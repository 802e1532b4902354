// What ShellCheck says of the shell text in a Dockerfile, where that program is installed.
//
// All RUNs of a file are looked at by one process (one for each 16 if there are more), which is ended if it
// takes too long. What it said of a file is kept in a folder, and not asked for again while the program and
// the RUNs are the same.
//
// The scripts are what a builder gives to the shell: lines joined, comments between them left out. Variables
// of ENV and ARG count as assigned. RUNs in JSON form and those of other shells than sh, bash, dash, ash and
// ksh are left alone.
//
// Source: https://github.com/koalaman/shellcheck/blob/master/shellcheck.1.md
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/diagnostic.h"
#include "dcache/lint/dockerfile.h"

namespace dcache::lint {

// Const and safe to use from many threads.
class ShellCheck {
 public:
  struct Options {
    std::string program;                   // its path
    std::string cache_folder = {};         // of earlier answers; empty for none
    std::chrono::milliseconds time{5000};  // for all RUNs of one file
  };
  explicit ShellCheck(Options options);

  // What it finds, with its own codes ("SC2086"), each at the place in the Dockerfile. Nothing if it could
  // not be asked, or gave no answer in time.
  std::optional<std::vector<Diagnostic>> check(Dockerfile& dockerfile) const;

 private:
  std::optional<std::string> ask(const std::vector<std::string>& scripts) const;

  Options options_;
  std::string identity_;  // tells versions of the program apart
};

// Whether a code is one of ShellCheck's: "SC" and four digits.
bool is_shellcheck_code(std::string_view code);

}  // namespace dcache::lint
