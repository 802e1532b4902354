#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "rules/edits.h"
#include "rules/invocations.h"
#include "rules/stages.h"
#include "rules/variables.h"

namespace dcache::rules::DC1025 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using Words = std::span<const std::string_view>;

// An install that changes a lock file that does not match, instead of failing.
struct Install {
  std::string_view program;
  Words commands;  // that install; an empty word is a call without a command
  Words locks;
  std::string_view manifest;
  Words exact;             // options with which it does not change the file
  Words variables;         // that do the same
  std::string_view write;  // what to write instead
  std::string_view added;  // the option of a fix; empty if the command is another one
};
constexpr std::string_view kNpmCommands[] = {"install", "i"};
constexpr std::string_view kNpmLocks[] = {"package-lock.json", "npm-shrinkwrap.json"};
constexpr std::string_view kNpmExact[] = {"-g", "--global", "--package-lock-only"};
constexpr std::string_view kYarnCommands[] = {"install", ""};
constexpr std::string_view kYarnLocks[] = {"yarn.lock"};
constexpr std::string_view kYarnExact[] = {"--frozen-lockfile", "--immutable", "--pure-lockfile",
                                           "--version"};
constexpr std::string_view kYarnVariables[] = {"YARN_ENABLE_IMMUTABLE_INSTALLS", "CI"};
constexpr std::string_view kPnpmCommands[] = {"install", "i"};
constexpr std::string_view kPnpmLocks[] = {"pnpm-lock.yaml"};
constexpr std::string_view kPnpmExact[] = {"--frozen-lockfile", "-g", "--global"};
constexpr std::string_view kPnpmVariables[] = {"CI"};
constexpr std::string_view kBunCommands[] = {"install", "i"};
constexpr std::string_view kBunLocks[] = {"bun.lock", "bun.lockb"};
constexpr std::string_view kBunExact[] = {"--frozen-lockfile", "-g", "--global"};
constexpr std::string_view kUvCommands[] = {"sync"};
constexpr std::string_view kUvLocks[] = {"uv.lock"};
constexpr std::string_view kUvExact[] = {"--locked", "--frozen"};
constexpr std::string_view kUvVariables[] = {"UV_LOCKED", "UV_FROZEN"};
constexpr std::string_view kPipenvCommands[] = {"install"};
constexpr std::string_view kPipenvLocks[] = {"Pipfile.lock"};
constexpr std::string_view kPipenvExact[] = {"--deploy", "--ignore-pipfile"};
constexpr std::string_view kBundleCommands[] = {"install", ""};
constexpr std::string_view kBundleLocks[] = {"Gemfile.lock"};
constexpr std::string_view kBundleExact[] = {"--frozen", "--deployment"};
constexpr std::string_view kBundleVariables[] = {"BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"};

constexpr Install kInstalls[] = {
    {"npm", kNpmCommands, kNpmLocks, "package.json", kNpmExact, {}, "npm ci", ""},
    {"yarn", kYarnCommands, kYarnLocks, "package.json", kYarnExact, kYarnVariables,
     "yarn install --frozen-lockfile, or --immutable for Yarn 2 and later", ""},
    {"pnpm", kPnpmCommands, kPnpmLocks, "package.json", kPnpmExact, kPnpmVariables,
     "pnpm install --frozen-lockfile", "--frozen-lockfile"},
    {"bun",
     kBunCommands,
     kBunLocks,
     "package.json",
     kBunExact,
     {},
     "bun install --frozen-lockfile",
     "--frozen-lockfile"},
    {"uv", kUvCommands, kUvLocks, "pyproject.toml", kUvExact, kUvVariables, "uv sync --locked", "--locked"},
    {"pipenv",
     kPipenvCommands,
     kPipenvLocks,
     "Pipfile",
     kPipenvExact,
     {},
     "pipenv install --deploy",
     "--deploy"},
    {"bundle", kBundleCommands, kBundleLocks, "Gemfile", kBundleExact, kBundleVariables,
     "bundle config set --local frozen true before it", ""},
};

bool contains(Words words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// Whether a call installs what the project needs, and may change the lock file.
bool may_change_lock(const Invocation& call, const Install& install) {
  const auto arguments = call.arguments();
  const bool bare = arguments.empty() || arguments.front().text.starts_with('-');
  if (!contains(install.commands, bare ? "" : arguments.front().text)) return false;
  for (const shell::Word& word : arguments.subspan(bare ? 0 : 1)) {
    const std::string_view name = word.text.substr(0, word.text.find('='));
    if (contains(install.exact, name) || !word.text.starts_with('-')) return false;
  }
  return true;
}

// Whether a COPY or ADD from the context brings one of the files.
bool brings(lint::Dockerfile& dockerfile, const Instruction& copy, Words locks) {
  for (const dockerfile::Word& word : copy.arguments.first(copy.arguments.size() - 1)) {
    const std::string_view source = unquoted(word.text);
    const std::string_view name = text::base_name(source);
    if (contains(locks, name)) return true;
    if (!text::has_wildcard(name)) continue;
    const lint::BuildContext* context = dockerfile.build_context();
    if (context == nullptr) continue;
    const std::string folder = text::clean_path("/" + std::string(text::parent_path(source)));
    const bool is_there = std::ranges::any_of(locks, [&](std::string_view lock) {
      const std::string path = text::join_path(folder, lock);
      return text::glob_match(name, lock) && context->files.find(std::string_view(path).substr(1)) != nullptr;
    });
    if (is_there) return true;
  }
  return false;
}

// The folder that a call works in, as far as the WORKDIR and `cd` before it tell.
std::optional<std::string> folder_of(lint::Dockerfile& dockerfile, const Invocation& call) {
  constexpr std::string_view kMoves[] = {"--prefix", "--cwd", "--dir", "-C", "--directory", "--project"};
  const bool moves = std::ranges::any_of(call.arguments(), [&](const shell::Word& word) {
    return std::ranges::find(kMoves, word.text.substr(0, word.text.find('='))) != std::end(kMoves);
  });
  if (moves || !call.run->step) return std::nullopt;
  std::string folder(dockerfile.graph().steps[*call.run->step].workdir());
  for (const shell::Command& command : call.run->commands) {
    if (&command == call.command) break;
    if (command.program() == "pushd" || command.program() == "popd") return std::nullopt;
    if (command.program() != "cd") continue;
    if (command.words.size() != 2 || !command.words[1].literal || command.words[1].text == "-")
      return std::nullopt;
    folder = text::clean_path(text::join_path(folder, command.words[1].text));
  }
  return folder;
}

// Whether a COPY of a folder brings one of the files to the folder that the call works in.
bool comes_with_folder(lint::Dockerfile& dockerfile, const Invocation& call, Words locks) {
  const lint::BuildContext* context = dockerfile.build_context();
  const auto folder = context == nullptr ? std::nullopt : folder_of(dockerfile, call);
  if (!folder) return false;
  const plan::Graph& graph = dockerfile.graph();
  const auto brings = [&](const plan::Step& step) {
    if (step.kind != plan::Step::Kind::kCopy || !text::is_within(*folder, step.destination)) return false;
    const std::string_view inside =
        std::string_view(*folder).substr(std::min(step.destination.size(), folder->size()));
    return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
      if (read.origin != plan::Read::Origin::kContext) return false;
      return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
        if (selector.wildcard || !selector.include.empty() || !selector.exclude.empty()) return false;
        return std::ranges::any_of(locks, [&](std::string_view lock) {
          const std::string path = text::clean_path(fmt::format("{}/{}/{}", selector.path, inside, lock));
          return context->files.find(std::string_view(path).substr(1)) != nullptr;
        });
      });
    });
  };
  const size_t end = *call.run->step;
  for (std::optional<size_t> at = graph.steps[end].stage; at; at = graph.stages[*at].base_stage) {
    const bool found = std::ranges::any_of(
        graph.stages[*at].steps, [&](size_t step) { return step < end && brings(graph.steps[step]); });
    if (found) return true;
  }
  return false;
}

bool is_copied_before(lint::Dockerfile& dockerfile, const lint::Run& run, const Install& install) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  for (const Instruction& one : stages[stage_of(stages, run)].body) {
    if (&one >= run.instruction) break;
    const bool copies = one.keyword == Keyword::kCopy || one.keyword == Keyword::kAdd;
    if (!copies || one.arguments.size() < 2 || one.find_flag("from") != nullptr) continue;
    if (brings(dockerfile, one, install.locks)) return true;
  }
  return false;
}

// Whether a setting makes the installs of the file exact.
bool is_configured(lint::Dockerfile& dockerfile, const Install& install) {
  const std::set<std::string_view> names = names_set_in(dockerfile);
  if (std::ranges::any_of(install.variables, [&](std::string_view name) { return names.contains(name); }))
    return true;
  return std::ranges::any_of(invocations_of(dockerfile, install.program), [](const Invocation& call) {
    return call.has("config") && (call.has("frozen") || call.has("deployment"));
  });
}

void add_fix(const Invocation& call, const Install& install, lint::Diagnostic& finding) {
  if (call.words.size() < 2 || call.words[1].spelling.empty()) return;
  const text::Span command = call.run->span_of(call.words[1].spelling);
  if (install.program == "npm") {
    finding.fix = replace(command, "ci", "write npm ci");
  } else if (!install.added.empty()) {
    finding.fix = replace({command.end, command.end}, fmt::format(" {}", install.added),
                          fmt::format("add {}", install.added));
  }
  if (finding.fix) finding.fix->unsafe_because = "the build fails if the lock file does not match";
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Install& install : kInstalls) {
    for (const Invocation& call : invocations_of(dockerfile, install.program)) {
      const bool prefixed = !call.command->assignments.empty();
      if (prefixed || call.run->onbuild || !may_change_lock(call, install)) continue;
      const bool copied = is_copied_before(dockerfile, *call.run, install) ||
                          comes_with_folder(dockerfile, call, install.locks);
      if (!copied || is_configured(dockerfile, install)) continue;
      auto& finding =
          reporter.report(call.run->instruction->span,
                          fmt::format("{} {} ignores {} if it does not match {}", install.program,
                                      install.commands.front(), install.locks.front(), install.manifest),
                          fmt::format("write {}", install.write));
      finding.focus = call.run->span_of(call.command->spelling);
      add_fix(call, install, finding);
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.npmjs.com/cli/commands/npm-ci",
                                            "https://docs.astral.sh/uv/concepts/projects/sync/",
                                            "https://pnpm.io/cli/install"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1025",
      .name = "unlocked-install",
      .level = lint::Level::kInfo,
      .fix = lint::FixKind::kUnsafe,
      .summary = "An install may change the lock file that was copied",
      .rationale =
          "A lock file says exactly which versions to install. `npm install`, `yarn install`, `uv sync` and "
          "others follow it only if it matches the manifest; otherwise they resolve the versions again and "
          "change the file in the image, and nobody notices. Then each rebuild of the step can bring other "
          "versions. `npm ci` and options such as `--locked` and `--frozen-lockfile` fail instead.",
      .fix_note =
          "Writes `npm ci` or adds the option. The fix is unsafe: the build fails if the lock "
          "file does not match.",
      .bad = {"FROM node:22\n"
              "WORKDIR /app\n"
              "COPY package.json package-lock.json ./\n"
              "RUN npm install\n"},
      .good = {"FROM node:22\n"
               "WORKDIR /app\n"
               "COPY package.json package-lock.json ./\n"
               "RUN npm ci\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1025
