#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/hadolint.h"
#include "rules/installs.h"

namespace dcache::rules::DL3062 {
namespace {

// What stands for packages of Go itself, of the module, or for the tools that it lists with their versions.
// Source: https://pkg.go.dev/cmd/go#hdr-Package_lists_and_patterns
bool is_reserved(std::string_view package) {
  constexpr std::array<std::string_view, 6> kReserved = {"all", "cmd", "main", "std", "tool", "work"};
  return std::ranges::find(kReserved, package) != kReserved.end();
}

// The paths of the Go modules in the context.
std::vector<std::string> module_paths(const lint::Surroundings& around) {
  std::vector<std::string> paths;
  for (const context::Record* record : around.called("go.mod")) {
    const auto manifest = around.read(record->path);
    const size_t at = manifest ? manifest->find("module ") : std::string::npos;
    if (at == std::string::npos) continue;
    const std::string_view line = std::string_view(*manifest).substr(at + 7);
    paths.emplace_back(text::trim(line.substr(0, line.find('\n'))));
  }
  return paths;
}

bool is_in_module(std::string_view package, const lint::Surroundings* around) {
  if (around == nullptr) return false;
  const std::vector<std::string> paths = module_paths(*around);
  return std::ranges::any_of(
      paths, [&](const std::string& path) { return package == path || package.starts_with(path + "/"); });
}

// Whether the text names the folder of the package, or of one that holds it, below the `src` of a GOPATH.
bool names_folder_of(std::string_view package, std::string_view text) {
  constexpr std::array<std::string_view, 3> kHosts = {"github.com/", "gitlab.com/", "bitbucket.org/"};
  constexpr std::string_view kEnds = "/ \t\r\n\"'\\;&|,)]";
  const bool has_owner =
      std::ranges::any_of(kHosts, [&](std::string_view host) { return package.starts_with(host); });
  const auto parts = [](std::string_view path) { return 1 + std::ranges::count(path, '/'); };
  for (; parts(package) >= (has_owner ? 3 : 2); package = text::parent_path(package)) {
    const std::string folder = "/src/" + std::string(package);
    for (size_t at = text.find(folder); at != std::string_view::npos; at = text.find(folder, at + 1)) {
      const std::string_view behind = text.substr(at + folder.size());
      if (behind.empty() || kEnds.find(behind.front()) != std::string_view::npos) return true;
    }
  }
  return false;
}

// Whether the word belongs to `go install tool …`: the versions of a module's tools stand in its go.mod.
bool is_of_module_tool(const lint::Run& run, const shell::Word& word) {
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    const bool holds = std::ranges::any_of(words, [&](const shell::Word& one) { return &one == &word; });
    return holds && words.size() > 2 && words[1].text == "install" && words[2].text == "tool";
  });
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  if (answers_as_hadolint(subject, "DL3062")) {
    report_unpinned(subject, reporter, "go");
    return;
  }
  report_unpinned(subject, reporter, "go", [&](const lint::Run& run, const shell::Word& word) {
    if (is_of_module_tool(run, word)) return true;
    std::string_view package = word.text;
    const bool has_version = package.find('@') != std::string_view::npos;
    if (has_version) return false;
    if (package.ends_with("/...")) package.remove_suffix(4);
    const std::string_view above = subject.file().source().substr(0, run.span_of(word.spelling).begin);
    return is_reserved(package) || names_folder_of(package, above) ||
           is_in_module(package, subject.surroundings());
  });
}

}  // namespace

lint::Rule rule() {
  return {
      .code = "DL3062",
      .name = "unpinned-go-packages",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kHadolint,
      .summary = "`go install`, `go get` or `go run` of a module without a version",
      .rationale =
          "What a rebuild installs then depends on the day: two images of one commit differ, and a "
          "cached layer keeps the old version until something above it changes. Write `go install "
          "example.com/tool@v1.2.3`; `@latest` is whatever is latest on the day of the build.\n\n"
          "Packages of the project itself have no version: those of a module in the context, and those "
          "whose folder below a GOPATH the Dockerfile names above. Nor has `go install tool`, which takes "
          "them from `go.mod`. The profile `hadolint` reports them.",
      .bad = {"FROM golang:1.22\n"
              "RUN go install golang.org/x/tools/cmd/stringer@latest\n"},
      .good = {"FROM golang:1.22\n"
               "RUN go install golang.org/x/tools/cmd/stringer@v0.24.0\n"},
      .check = check};
}

}  // namespace dcache::rules::DL3062
