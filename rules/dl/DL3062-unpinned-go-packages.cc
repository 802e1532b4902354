#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/hadolint.h"
#include "rules/installs.h"
#include "rules/known_facts.h"
#include "rules/sources.h"

namespace dcache::rules::DL3062 {
namespace {

// What stands for packages of Go itself, of the module, or for the tools that it lists with their versions.
// Source: https://pkg.go.dev/cmd/go#hdr-Package_lists_and_patterns
bool is_reserved(std::string_view package) {
  constexpr std::array<std::string_view, 6> kReserved = {"all", "cmd", "main", "std", "tool", "work"};
  return std::ranges::find(kReserved, package) != kReserved.end();
}

// The paths of the Go modules in the context.
std::vector<std::string> module_paths(const lint::BuildContext& context) {
  std::vector<std::string> paths;
  for (const context::Record* record : context.called("go.mod")) {
    const auto manifest = context.read(record->path);
    const size_t at = manifest ? manifest->find("module ") : std::string::npos;
    if (at == std::string::npos) continue;
    const std::string_view line = std::string_view(*manifest).substr(at + 7);
    paths.emplace_back(text::trim(line.substr(0, line.find('\n'))));
  }
  return paths;
}

bool is_in_module(std::string_view package, const lint::BuildContext* context) {
  if (context == nullptr) return false;
  const std::vector<std::string> paths = module_paths(*context);
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

// Of Go 1.N; nothing if the text does not begin with such a version.
std::optional<int> minor_version(std::string_view text) {
  if (!text.starts_with("1.")) return std::nullopt;
  int minor = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), minor);
  return error == std::errc() ? std::optional(minor) : std::nullopt;
}

// The version of an archive or of a variable that the text names: `go1.9.linux-amd64.tar.gz`,
// `ENV GO_VERSION 1.9`. The last one counts.
std::optional<int> version_in_text(std::string_view text) {
  std::optional<int> found;
  for (size_t at = text.find("go1."); at != std::string_view::npos; at = text.find("go1.", at + 1)) {
    const bool is_word =
        at == 0 || text::ascii_lower(text[at - 1]) < 'a' || text::ascii_lower(text[at - 1]) > 'z';
    if (const auto minor = minor_version(text.substr(at + 2)); is_word && minor) found = minor;
  }
  if (found) return found;
  for (const std::string_view name : {"GO_VERSION", "GOLANG_VERSION", "GOVERSION", "GO_VER"}) {
    const size_t at = text.find(name);
    if (at == std::string_view::npos) continue;
    std::string_view value = text.substr(at + name.size());
    value.remove_prefix(std::min(value.find_first_not_of(" =\"'"), value.size()));
    if (value.starts_with("go")) value.remove_prefix(2);
    if (const auto minor = minor_version(value)) return minor;
  }
  return std::nullopt;
}

bool has_old_go(const plan::ImageReference& image) {
  const std::string reference = fmt::format("{}:{}", text::base_name(image.name), image.tag);
  return std::ranges::any_of(old_go_distributions(), [&](std::string_view old) {
    const bool is_longer_number =
        reference.size() > old.size() && reference[old.size()] >= '0' && reference[old.size()] <= '9';
    return reference.starts_with(old) && !is_longer_number;
  });
}

// The minor version of the Go that a RUN has, as far as the Dockerfile tells; 0 for an old one.
std::optional<int> go_version(lint::Dockerfile& dockerfile, const lint::Run& run) {
  if (const auto minor = version_in_text(dockerfile.file().source())) return minor;
  const plan::ImageReference image =
      plan::read_reference(base_image_of(dockerfile, stage_of(written_stages(dockerfile), run)));
  if (text::base_name(image.name) == "golang") return minor_version(image.tag);
  return has_old_go(image) ? std::optional(0) : std::nullopt;
}

// The first with `go install PACKAGE@VERSION`, and with modules unless they are switched off.
// Source: https://go.dev/doc/go1.16#go-command
constexpr int kFirstWithVersions = 16;

// Whether the Go of the RUN refuses `PACKAGE@VERSION` for a program: it is older, and modules are not
// switched on.
bool refuses_versions(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const std::string_view source = dockerfile.file().source();
  if (source.find("GO111MODULE=on") != std::string_view::npos ||
      source.find("GO111MODULE on") != std::string_view::npos)
    return false;
  const auto minor = go_version(dockerfile, run);
  return minor && *minor < kFirstWithVersions;
}

// The command that the word belongs to; null for none.
const shell::Command* command_of(const lint::Run& run, const shell::Word& word) {
  const auto holds = [&](const shell::Command& command) {
    return std::ranges::any_of(command.words, [&](const shell::Word& one) { return &one == &word; });
  };
  const auto command = std::ranges::find_if(run.commands, holds);
  return command == run.commands.end() ? nullptr : &*command;
}

// Whether the word belongs to `go install tool …`: the versions of a module's tools are in its go.mod.
bool is_of_module_tool(const lint::Run& run, const shell::Word& word) {
  const shell::Command* const command = command_of(run, word);
  if (command == nullptr) return false;
  const auto words = shell::invocation(*command);
  return words.size() > 2 && words[1].text == "install" && words[2].text == "tool";
}

// Whether the RUN checks out a commit or tag in the folder of the package.
bool is_checked_out(const lint::Run& run, std::string_view package) {
  constexpr std::string_view kCommands[] = {"checkout", "reset", "switch"};
  const bool checks_out = std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    return shell::program_of(words) == "git" &&
           std::ranges::any_of(kCommands, [&](std::string_view one) { return shell::has_word(words, one); });
  });
  return checks_out && names_folder_of(package, run.script);
}

// Whether a step may work in a module: `go get` adds a requirement there, and installs nothing.
bool may_be_in_module(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const std::string_view above = dockerfile.file().source().substr(0, run.instruction->span.end);
  for (const std::string_view text : {"go.mod", "go mod ", "git clone"}) {
    if (above.find(text) != std::string_view::npos) return true;
  }
  const lint::BuildContext* context = dockerfile.build_context();
  return context != nullptr && !context->called("go.mod").empty();
}

Complaint complaint(lint::Dockerfile& dockerfile, const lint::Run& run,
                    std::span<const shell::Word* const> packages) {
  constexpr std::string_view kLatest = "@latest";
  std::string_view package = packages.front()->text;
  const bool latest = package.ends_with(kLatest);
  std::string message = packages.size() == 1 ? fmt::format("{} is not pinned to a version", package)
                                             : fmt::format("{} and {} more are not pinned to a version",
                                                           package, packages.size() - 1);
  message += ": a rebuild of this step can install another one";
  if (latest) package.remove_suffix(kLatest.size());
  const shell::Command* const command = command_of(run, *packages.front());
  const auto words = command == nullptr ? std::span<const shell::Word>() : shell::invocation(*command);
  const bool gets = words.size() > 1 && words[1].text == "get";
  const bool old = go_version(dockerfile, run).value_or(kFirstWithVersions) < kFirstWithVersions;
  if (gets && !old && !shell::has_word(words, "-d") && !may_be_in_module(dockerfile, run))
    return {
        std::move(message),
        fmt::format("write go install {}@VERSION: outside a module, go get installs nothing since Go 1.18",
                    package)};
  return {std::move(message), fmt::format("write {}@VERSION", package)};
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3062");
  std::map<const shell::Word*, const lint::Run*> runs;  // of the packages that are reported
  const auto needs_none = [&](const lint::Run& run, const shell::Word& word) {
    runs.emplace(&word, &run);
    if (as_hadolint) return false;
    if (is_of_module_tool(run, word)) return true;
    std::string_view package = word.text;
    const bool has_version = package.find('@') != std::string_view::npos;
    if (has_version) return false;
    if (package.ends_with("/...")) package.remove_suffix(4);
    const std::string_view above = dockerfile.file().source().substr(0, run.span_of(word.spelling).begin);
    return is_reserved(package) || names_folder_of(package, above) || is_checked_out(run, package) ||
           is_in_module(package, dockerfile.build_context()) || refuses_versions(dockerfile, run);
  };
  report_unpinned(dockerfile, reporter, package_manager("go").pins, needs_none,
                  [&](std::span<const shell::Word* const> packages) -> std::optional<Complaint> {
                    return complaint(dockerfile, *runs.at(packages.front()), packages);
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
          "What a rebuild installs then depends on the day: two images of one commit differ, and a cached "
          "layer keeps the old version until something above it changes. Write `go install "
          "example.com/tool@v1.2.3`; `@latest` is the newest version on the day of the build. Outside a "
          "module, `go get` installs nothing since Go 1.18: use `go install`.\n\n"
          "Some packages need no version: those of a module in the context, those whose folder below a "
          "GOPATH "
          "the Dockerfile names above the command, those that a `git checkout` in the same RUN pins, and "
          "those of `go install tool`, which takes the versions from `go.mod`. Go before 1.16 does not "
          "accept "
          "a version unless modules are switched on (`GO111MODULE=on`). Only the profile `hadolint` reports "
          "these.",
      .bad = {"FROM golang:1.22\n"
              "RUN go install golang.org/x/tools/cmd/stringer@latest\n"},
      .good = {"FROM golang:1.22\n"
               "RUN go install golang.org/x/tools/cmd/stringer@v0.24.0\n"},
      .check = check};
}

}  // namespace dcache::rules::DL3062
