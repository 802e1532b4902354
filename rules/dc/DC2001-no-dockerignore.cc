#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/lint/related_file.h"
#include "dcache/lint/rule.h"
#include "dcache/project/discover.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "rules/broad_copy.h"
#include "rules/context_git.h"
#include "rules/context_use.h"
#include "rules/install_reads.h"
#include "rules/likely_context.h"
#include "rules/package_managers.h"
#include "rules/secrets.h"

namespace dcache::rules::DC2001 {
namespace {

using lint::Dockerfile;
using plan::Step;

// A name that hardly ever belongs in a context, as a pattern that is matched at any depth.
struct Stranger {
  enum class Kind : uint8_t {
    kNeverRead,  // by a build: what editors, interpreters and test runners write
    kPackages,   // what a package manager installs, logs, and files of secrets
    kOutput,     // of a build, if the folder also contains what is built; a folder of sources elsewhere
  };
  std::string_view pattern;
  Kind kind;
};
constexpr std::array kStrangers = {Stranger{".git", Stranger::Kind::kNeverRead},
                                   Stranger{".hg", Stranger::Kind::kNeverRead},
                                   Stranger{".svn", Stranger::Kind::kNeverRead},
                                   Stranger{"node_modules", Stranger::Kind::kPackages},
                                   Stranger{"bower_components", Stranger::Kind::kPackages},
                                   Stranger{"__pycache__", Stranger::Kind::kNeverRead},
                                   Stranger{"*.pyc", Stranger::Kind::kNeverRead},
                                   Stranger{".venv", Stranger::Kind::kPackages},
                                   Stranger{"venv", Stranger::Kind::kOutput},
                                   Stranger{".tox", Stranger::Kind::kNeverRead},
                                   Stranger{".mypy_cache", Stranger::Kind::kNeverRead},
                                   Stranger{".pytest_cache", Stranger::Kind::kNeverRead},
                                   Stranger{".ruff_cache", Stranger::Kind::kNeverRead},
                                   Stranger{".nyc_output", Stranger::Kind::kNeverRead},
                                   Stranger{".terraform", Stranger::Kind::kNeverRead},
                                   Stranger{"target", Stranger::Kind::kOutput},
                                   Stranger{"dist", Stranger::Kind::kOutput},
                                   Stranger{"build", Stranger::Kind::kOutput},
                                   Stranger{"out", Stranger::Kind::kOutput},
                                   Stranger{"coverage", Stranger::Kind::kOutput},
                                   Stranger{".coverage", Stranger::Kind::kNeverRead},
                                   Stranger{".gradle", Stranger::Kind::kNeverRead},
                                   Stranger{".idea", Stranger::Kind::kNeverRead},
                                   Stranger{".vscode", Stranger::Kind::kNeverRead},
                                   Stranger{".DS_Store", Stranger::Kind::kNeverRead},
                                   Stranger{"*.log", Stranger::Kind::kPackages},
                                   Stranger{"*.swp", Stranger::Kind::kNeverRead},
                                   Stranger{".env", Stranger::Kind::kPackages},
                                   Stranger{".env.*", Stranger::Kind::kPackages},
                                   Stranger{"*.pem", Stranger::Kind::kPackages},
                                   Stranger{"*.key", Stranger::Kind::kPackages},
                                   Stranger{"id_rsa", Stranger::Kind::kPackages},
                                   Stranger{"id_ed25519", Stranger::Kind::kPackages},
                                   Stranger{"docker-compose*.yml", Stranger::Kind::kNeverRead},
                                   Stranger{"compose*.yaml", Stranger::Kind::kNeverRead}};

// A match of such a pattern in the context.
struct Match {
  std::string path;
  bool may_be_ignored = false;  // as far as git and the files around it tell
};
struct Matches {
  std::array<std::vector<Match>, kStrangers.size()> of;  // by pattern
};

// Rails reads `config/master.key` and `config/credentials/NAME.key` when it starts.
bool is_read_by_rails(const lint::BuildContext& context, std::string_view path) {
  if (text::base_name(path) == "master.key") return true;
  if (!path.ends_with(".key")) return false;
  const std::string sealed = std::string(path.substr(0, path.size() - 4)) + ".yml.enc";
  return context.files.find(sealed) != nullptr;
}

// Whether the folder of a path also contains a file by which a build tool or package manager works. A virtual
// environment of Python says by itself what it is.
bool is_next_to_manifest(const lint::BuildContext& context, std::string_view path) {
  constexpr std::string_view kManifests[] = {
      "package.json", "pyproject.toml", "setup.py",         "requirements.txt", "Cargo.toml",
      "pom.xml",      "build.gradle",   "go.mod",           "CMakeLists.txt",   "Makefile",
      "Gemfile",      "composer.json",  "build.gradle.kts", "mix.exs",          "build.sbt",
      "meson.build",  "deno.json"};
  const std::string folder(text::parent_path(path));
  if (context.files.find(text::join_path(path, "pyvenv.cfg")) != nullptr) return true;
  return std::ranges::any_of(kManifests, [&](std::string_view name) {
    return context.files.find(folder.empty() ? std::string(name) : text::join_path(folder, name)) != nullptr;
  });
}

Matches matches_in(const lint::BuildContext& context) {
  Matches matches;
  std::optional<ContextGit> git;  // opened for the first name that needs it
  for (const context::Record& record : context.files.records()) {
    const std::string_view name = text::base_name(record.path);
    const bool key = name.ends_with(".pem") || name.ends_with(".key");
    if (key && record.type == context::Type::kFile && !may_hold_private_key(context, record)) continue;
    for (size_t i = 0; i < kStrangers.size(); ++i) {
      if (!text::glob_match(kStrangers[i].pattern, name)) continue;
      std::vector<Match>& of = matches.of[i];
      if (!of.empty() && text::is_within(record.path, of.back().path)) continue;
      Match& match = of.emplace_back(Match{record.path, true});
      if (kStrangers[i].kind == Stranger::Kind::kNeverRead) continue;
      if (!git) git.emplace(context);
      const bool left_out = git->ignores(record.path, record.type == context::Type::kFolder);
      match.may_be_ignored =
          !is_read_by_rails(context, record.path) &&
          (left_out ||
           ((kStrangers[i].kind == Stranger::Kind::kPackages || is_next_to_manifest(context, record.path)) &&
            !git->tracks_any(context, record)));
    }
  }
  return matches;
}

// Whether a step names something of the context that a match contains: a COPY of it, or a command.
bool is_named(Dockerfile& dockerfile, std::string_view path) {
  const auto reads = [&](const plan::Selector& selector) {
    const std::string_view read = std::string_view(selector.path).substr(1);
    return !selector.takes_everything() && (text::is_within(read, path) || text::is_within(path, read));
  };
  for (const Step& step : dockerfile.graph().steps) {
    for (const plan::Read& read : step.reads) {
      if (read.origin == plan::Read::Origin::kContext && std::ranges::any_of(read.selectors, reads))
        return true;
    }
  }
  // As in `RUN ./dist/install.sh`.
  constexpr std::string_view kBefore = " \t\n\"'=:/[,", kAfter = "/ \t\r\n\"',;:]";
  const std::string_view name = text::base_name(path);
  const std::string_view source = dockerfile.file().source();
  for (size_t at = source.find(name); at != std::string_view::npos; at = source.find(name, at + 1)) {
    const char before = at == 0 ? '\n' : source[at - 1];
    const char after = at + name.size() < source.size() ? source[at + name.size()] : '\n';
    const bool in_path = before == '/' || after == '/';
    if (in_path && kBefore.find(before) != std::string_view::npos &&
        kAfter.find(after) != std::string_view::npos)
      return true;
  }
  return false;
}

// Patterns for what never belongs in a context and is there. A pattern that also matches what the build may
// need is replaced by the paths of the other matches. Where a step reads git, tracked files are needed.
std::string stranger_patterns(Dockerfile& dockerfile, const lint::BuildContext& context,
                              const ContextUse& use, bool reads_git) {
  std::optional<ContextGit> git;
  if (reads_git) git.emplace(context);
  const Matches& matches = context.shared<Matches>([&] { return matches_in(context); });
  std::string text;
  for (size_t i = 0; i < kStrangers.size(); ++i) {
    const std::vector<Match>& of = matches.of[i];
    if (of.empty() || kStrangers[i].pattern == ".git") continue;
    const auto may_be_ignored = [&](const Match& match) {
      return match.may_be_ignored && !use.names(match.path) &&
             (kStrangers[i].kind == Stranger::Kind::kNeverRead || !is_named(dockerfile, match.path)) &&
             (!git || !git->tracks_any(context, *context.files.find(match.path)));
    };
    const auto others = std::ranges::count_if(of, may_be_ignored);
    if (static_cast<size_t>(others) == of.size()) {
      text += fmt::format("**/{}\n", kStrangers[i].pattern);
      continue;
    }
    for (const Match& match : of) {
      if (may_be_ignored(match)) text += match.path + "\n";
    }
  }
  return text;
}

// Patterns for what installs of the Dockerfile make, and this machine may have tomorrow: packages of it would
// come over those of the image.
std::string install_patterns(Dockerfile& dockerfile, const lint::BuildContext& context) {
  std::string text;
  for (size_t i = 0; i < dockerfile.graph().steps.size(); ++i) {
    if (dockerfile.graph().steps[i].kind != Step::Kind::kRun) continue;
    for (const Use& use : uses_of(dockerfile, dockerfile.run_of(i))) {
      const std::string_view name =
          use.installs_dependencies ? overwritten_folder(context, use, "/") : std::string_view();
      const std::string line = fmt::format("**/{}\n", name);
      if (!name.empty() && context.called(name).empty() && text.find(line) == std::string::npos) text += line;
    }
  }
  return text;
}

// Patterns for the Dockerfiles at the root of the context; none if an image has one of them in it.
std::string dockerfile_patterns(const lint::BuildContext& context, const ContextUse& use) {
  std::vector<std::string> names;
  bool all_are_dockerfiles = true;  // that the wildcard matches
  for (const context::Record& record : context.files.records()) {
    if (record.path.find('/') != std::string::npos) continue;
    const bool is_dockerfile =
        record.type == context::Type::kFile && project::is_dockerfile_name(record.path);
    if (!is_dockerfile && text::glob_match("Dockerfile*", record.path)) all_are_dockerfiles = false;
    if (!is_dockerfile) continue;
    if (use.names(record.path) || use.mentions(record.path)) return {};
    names.push_back(record.path);
  }
  std::string text = all_are_dockerfiles ? "Dockerfile*\n" : "";
  for (const std::string& name : names) {
    std::string pattern = name;
    for (const std::string_view ending : {".dockerfile", ".Dockerfile"}) {
      if (name.ends_with(ending)) pattern = "*" + std::string(ending);
    }
    if (all_are_dockerfiles && text::glob_match("Dockerfile*", name)) continue;
    if (text.find(pattern + "\n") == std::string::npos) text += pattern + "\n";
  }
  return text;
}

// Nothing if there is nothing to ignore except Dockerfiles, and no history that would be copied.
std::optional<lint::Fix> write_ignore_file(Dockerfile& dockerfile, const lint::BuildContext& context) {
  const ContextUse use(dockerfile, context);
  const bool reads_git = use.reads_git() || use.names(".git");
  const std::string strangers = stranger_patterns(dockerfile, context, use, reads_git);
  std::string edited;
  for (const std::string& name : use.needless_names()) {
    if (!project::is_dockerfile_name(name)) edited += name + "\n";
  }
  const bool has_git = !reads_git && context.files.find(".git") != nullptr;
  if (strangers.empty() && edited.empty() && !has_git) return std::nullopt;
  // A link that leads nowhere, or to where nothing is read: what is written may end up outside.
  if (context.files.find(text::base_name(context.suggested_ignore_file)) != nullptr) return std::nullopt;
  lint::Fix fix;
  fix.description = fmt::format("write {}", context.suggested_ignore_file);
  fix.new_file = context.suggested_ignore_file;
  fix.new_file_content = "# What no step of the build needs.\n";
  // Git tracks these, or will.
  if (!reads_git) fix.new_file_content += ".git\n.dockerignore\n" + dockerfile_patterns(context, use);
  fix.new_file_content += edited + strangers + install_patterns(dockerfile, context);
  fix.unsafe_because = "a step may read one of the files that the new ignore file leaves out";
  return fix;
}

// Whether a folder around the context has an ignore file, up to the root of the repository: then that folder
// seems to be the context.
bool has_ignore_file_above(const lint::BuildContext& context) {
  std::string folder = context.folder;
  while (!context.file_system->exists(text::join_path(folder, ".git"))) {
    const std::string above(text::parent_path(folder));
    if (above.empty() || above == folder) return false;
    folder = above;
    if (context.file_system->exists(text::join_path(folder, ".dockerignore"))) return true;
  }
  return false;
}

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  const Step* copy = find_broad_copy(dockerfile.graph());
  if (copy == nullptr) return;
  const lint::BuildContext* build_context = likely_context(dockerfile);
  if (build_context == nullptr || !build_context->ignore_file.empty()) return;
  if (!dockerfile.context_is_known() && has_ignore_file_above(*build_context)) return;
  auto fix = write_ignore_file(dockerfile, *build_context);
  if (!fix) return;
  lint::Diagnostic& diagnostic = reporter.report(
      copy->instruction->span,
      "this copies the whole context, and there is no .dockerignore: every edit of a file in it rebuilds "
      "this step",
      fmt::format("list the files that the build does not need in {}", build_context->suggested_ignore_file));
  if (may_write_to_context(dockerfile)) diagnostic.fix = std::move(fix);
}

constexpr lint::ExampleFile kBare[] = {{"main.py", "print(1)\n"}, {"app.log", "…\n"}};
constexpr lint::ExampleFile kWithIgnoreFile[] = {{"main.py", "print(1)\n"},
                                                 {".dockerignore", ".git\n*.log\n"}};
constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/concepts/context/#dockerignore-files"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC2001",
      .name = "no-dockerignore",
      .level = lint::Level::kWarning,
      .fix = lint::FixKind::kUnsafe,
      .summary = "The whole context is copied, and no ignore file keeps anything out of it",
      .rationale =
          "`COPY . .` takes everything in the folder: the history of the repository, logs, build output, "
          "files "
          "of editors, perhaps credentials. Each file is part of the cache key of the step, so a commit or a "
          "test run rebuilds the step and all steps below it, and the image contains what was copied. An "
          "ignore file keeps such files out, and makes the context smaller to send. A folder that contains "
          "nothing to ignore except its Dockerfile is not reported.",
      .fix_note =
          "Writes `.dockerignore` with patterns for what the context contains. It lists build output, "
          "installed packages, logs and private keys only if git does not track them and no step names them; "
          "outside of a git repository it lists a folder such as `dist` only next to a manifest such as "
          "`package.json`. If a step reads git (`git describe`), nothing that git tracks is listed: git "
          "would "
          "call it deleted. Dockerfiles are listed if no instruction mentions one of them. Nothing is "
          "written if the "
          "context is a guess that may be wrong: if no definition names the Dockerfile, and its folder is "
          "below the root of the repository and contains nothing that COPY or a package manager names.",
      .bad = {"FROM python:3.12\nWORKDIR /srv\nCOPY . .\n", kBare},
      .good = {"FROM python:3.12\nWORKDIR /srv\nCOPY . .\n", kWithIgnoreFile},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC2001
