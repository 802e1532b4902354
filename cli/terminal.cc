#include "cli/terminal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "cli/held_output.h"
#include "dcache/context/boundary.h"
#include "dcache/context/git.h"
#include "dcache/report/printable_lines.h"
#include "dcache/report/style.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"

namespace dcache::cli {

namespace {

// Whether people read standard output, on a terminal or in the log of a CI job.
bool is_shown() {
  text::FileStatus status{};
  const bool file =
      text::status_of_open(STDOUT_FILENO, status) && text::type_of(status) == text::EntryType::kFile;
  // As the services set them, all of which show what a job prints.
  constexpr const char* kOfServices[] = {"CI",          "GITHUB_ACTIONS",   "TF_BUILD",  "GITLAB_CI",
                                         "JENKINS_URL", "TEAMCITY_VERSION", "BUILDKITE", "TRAVIS"};
  const bool in_ci =
      std::ranges::any_of(kOfServices, [](const char* name) { return std::getenv(name) != nullptr; });
  return text::is_terminal(STDOUT_FILENO) || (!file && in_ci);
}

// Why a file is not written: a link in a repository leads out of it, and who adds a link to a repository
// must not choose what is overwritten. Empty if it may be written.
std::string refusal_to_write(const std::string& path) {
  const std::string place = context::absolute_path(path);
  const std::string root = context::repository_root(std::string(text::parent_path(place)));
  if (root.empty()) return {};
  const std::string real = context::resolved_path(path);
  const std::string real_root = text::real_path(root);
  const bool is_in_git = text::is_within(real, text::join_path(real_root, ".git")) &&
                         !text::is_within(place, text::join_path(root, ".git"));
  if (text::is_within(real, real_root) && !is_in_git) return {};
  return fmt::format(
      "can't write {}: a symbolic link leads to {}, which is outside of {}; name that file itself", path,
      real, is_in_git ? "the files of the repository" : root);
}

// On one line; a log command in it starts nothing.
std::string one_line(std::string_view text) {
  return report::printable_lines(report::printable(text));
}

}  // namespace

void print_and_clear(std::string& out) {
  out = report::printable_lines(std::move(out));
  print_exactly_and_clear(out);
}

void print_exactly_and_clear(std::string& out) {
  write_to(Stream::kOut, out);
  out.clear();
}

void print_file_and_clear(std::string& out) {
  constexpr bool kColored = false;
  if (is_shown()) out = report::printable_lines(std::move(out), kColored);
  print_exactly_and_clear(out);
}

void complain(std::string_view message) {
  write_to(Stream::kError, "dcache: " + one_line(message) + "\n");
}

bool may_write(const std::string& path) {
  const std::string refusal = refusal_to_write(path);
  if (!refusal.empty()) complain(refusal);
  return refusal.empty();
}

bool write_output(const std::string& path, std::string_view content, text::Durability durability) {
  std::fflush(stdout);  // the file may be /dev/stdout
  if (!may_write(path)) return false;
  const std::string failure = text::write_file(path, content, durability);
  if (!failure.empty()) complain(failure);
  return failure.empty();
}

ProgressLine::ProgressLine() : terminal_(text::is_terminal(STDERR_FILENO) && std::getenv("CI") == nullptr) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(std::string_view text) {
  constexpr auto kPatience = std::chrono::milliseconds(500);
  if (!terminal_ || std::chrono::steady_clock::now() - started_ < kPatience) return;
  const std::string line = "\r\033[K" + one_line(text);
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  shown_ = true;
}

namespace {
Colour chosen_colour = Colour::kAuto;
}  // namespace

void set_colour(Colour colour) {
  chosen_colour = colour;
}

bool use_colour() {
  if (chosen_colour != Colour::kAuto) return chosen_colour == Colour::kAlways;
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  return text::shows_colours(STDOUT_FILENO);
}

}  // namespace dcache::cli
