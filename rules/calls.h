// The programs that RUN instructions call, looked up by name.
//
// A program counts as called where its name is the first word of a command: what `sudo`, `xargs` or `sh -c`
// would start is theirs. Rules that look through them use shell::invocation().
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"
#include "dcache/lint/rule.h"

namespace dcache::rules {

struct Call {
  const lint::Run* run = nullptr;
  const shell::Command* command = nullptr;

  std::string_view program() const { return command->words.front().text; }
  std::span<const shell::Word> arguments() const { return std::span(command->words).subspan(1); }
  // Whether an argument reads so.
  bool has(std::string_view word) const;
  bool has_any(std::span<const std::string_view> words) const;
  // How often an option is given: one letter as in `-y` or `-qy`, a long name as in `--yes` or `--yes=x`.
  int count(std::string_view option) const;
  bool has_option(std::initializer_list<std::string_view> names) const;
  // Arguments that are not options, no values of those named (`-t x`, `-Ut x`), no `true` of `--option true`.
  std::vector<const shell::Word*> operands(std::span<const std::string_view> options_with_value = {}) const;
};

// In the order of the file.
std::span<const Call> calls_of(lint::Dockerfile& dockerfile, std::string_view program);
// Of several programs.
std::vector<Call> calls_of(lint::Dockerfile& dockerfile, std::span<const std::string_view> programs);

// Of pip, whatever Python it is of: `pip`, `pip3.11`, `python3 -m pip`.
std::vector<Call> pip_calls(lint::Dockerfile& dockerfile);

// Whether a cache or tmpfs mount of the RUN contains one of the folders, so that nothing in it reaches a
// layer.
bool keeps_out_of_layer(const lint::Run& run, std::span<const std::string_view> folders);

// What is worked out of a whole RUN, kept while the calls of one RUN are gone through one by one.
template <typename T>
class PerRunCache {
 public:
  template <typename Make>
  const T& get(const lint::Run& run, const Make& make) {
    if (run_ != &run) value_ = make(run);
    run_ = &run;
    return value_;
  }

 private:
  const lint::Run* run_ = nullptr;
  T value_{};
};

// What is wrong with a call, and what to do about it.
struct Complaint {
  std::string message;
  std::string remedy;
};

// Reports each RUN once for the first of `calls` that `judge` complains of.
void report_first(std::span<const Call> calls, lint::Reporter& reporter,
                  const std::function<std::optional<Complaint>(const Call&)>& judge);

// Reports a RUN for a part of it: the finding is at the instruction, and shows the part.
lint::Diagnostic& report_part(const lint::Run& run, std::string_view part, lint::Reporter& reporter,
                              Complaint complaint);

}  // namespace dcache::rules
