#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "dcache/lint/related_file.h"
#include "dcache/lint/rule.h"
#include "dcache/project/discover.h"
#include "dcache/report/style.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/broad_copy.h"
#include "rules/context_git.h"
#include "rules/context_use.h"
#include "rules/gain.h"
#include "rules/likely_context.h"
#include "rules/secrets.h"

namespace dcache::rules::DC2002 {
namespace {

constexpr lint::ExampleFile kBad[] = {
    {".dockerignore", "*.md\n"}, {"main.js", ""}, {"node_modules/x/index.js", "…"}, {"debug.log", "…"}};
constexpr lint::ExampleFile kGood[] = {
    {".dockerignore", "*.md\nnode_modules\n*.log\n"}, {"main.js", ""}, {"node_modules/x/index.js", "…"}};

// Names that a context should not contain, at any depth.
constexpr std::string_view kNames[] = {
    ".git",        ".hg",     ".svn",       "node_modules", "bower_components", "__pycache__",
    ".venv",       "venv",    ".tox",       ".mypy_cache",  ".pytest_cache",    ".ruff_cache",
    ".nyc_output", ".gradle", ".terraform", ".idea",        ".vscode",          ".DS_Store",
    ".env",        "id_rsa",  "id_ed25519"};
constexpr std::string_view kEndings[] = {".pyc", ".log", ".swp", ".pem", ".key"};

// What the name of a part of a path is a case of, as a pattern; empty for none.
std::string_view pattern_for(std::string_view part) {
  const auto name = std::ranges::find(kNames, part);
  if (name != std::end(kNames)) return *name;
  const auto ending = std::ranges::find_if(
      kEndings, [&](std::string_view one) { return part.size() > one.size() && part.ends_with(one); });
  return ending == std::end(kEndings) ? std::string_view() : *ending;
}

// The pattern for the first part of a path that is a case of one, and the path up to that part; empty for
// none.
struct Stranger {
  std::string_view pattern;
  std::string_view path;
};
Stranger stranger_in(std::string_view path) {
  for (size_t begin = 0; begin < path.size();) {
    const size_t slash = std::min(path.find('/', begin), path.size());
    const std::string_view found = pattern_for(path.substr(begin, slash - begin));
    if (!found.empty()) return {found, path.substr(0, slash)};
    begin = slash + 1;
  }
  return {};
}

// The names that exceptions of the ignore file take back on purpose, such as `!.git`.
std::set<std::string_view> wanted_names(const lint::BuildContext& context) {
  std::set<std::string_view> wanted;
  if (!context.ignore) return wanted;
  for (const ignore::Pattern& pattern : context.ignore->patterns()) {
    const std::string_view found = pattern.exception ? stranger_in(pattern.path).pattern : std::string_view();
    if (!found.empty()) wanted.insert(found);
  }
  return wanted;
}

// The files that are a case of a pattern.
struct Share {
  size_t files = 0;
  uint64_t bytes = 0;
  std::set<std::string_view> paths = {};  // up to the part that is the case
};

std::string as_pattern(std::string_view name) {
  const bool ending = std::ranges::find(kEndings, name) != std::end(kEndings);
  return fmt::format("**/{}{}", ending ? "*" : "", name);
}

bool is_key_ending(std::string_view pattern) {
  return pattern == ".pem" || pattern == ".key";
}

struct Strangers {
  std::string words;  // what there is to say; empty if there are none
  std::string first;  // the path of one
  std::string lines;  // patterns for the ignore file
};

// Whether a folder of a path with the name `venv` is a virtual environment of Python, and not sources.
bool is_in_virtualenv(const lint::BuildContext& context, std::string_view path) {
  for (size_t end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1)) {
    const std::string_view folder = path.substr(0, end);
    if (text::base_name(folder) == "venv")
      return context.files.find(text::join_path(folder, "pyvenv.cfg")) != nullptr;
  }
  return false;
}

// Names of what no build reads, whether git tracks it or not: it is written by editors, interpreters and test
// runners. Anything else that git tracks was put there on purpose.
bool is_never_read(std::string_view pattern) {
  constexpr std::string_view kOthers[] = {"node_modules", "bower_components", "venv", ".venv", ".env",
                                          "id_rsa",       "id_ed25519",       ".log", ".pem",  ".key"};
  return std::ranges::find(kOthers, pattern) == std::end(kOthers);
}

Strangers find_strangers(const lint::BuildContext& context, const ContextUse& use) {
  const std::set<std::string_view> wanted = wanted_names(context);
  Strangers found;
  std::map<std::string_view, Share> shares;
  std::optional<bool> reads_git;
  std::optional<ContextGit> git;  // opened for the first name that needs it
  const auto is_tracked = [&](std::string_view path) {
    if (!git) git.emplace(context);
    const context::Record* const there = context.files.find(path);
    return there != nullptr && git->tracks_any(context, *there);
  };
  std::set<std::string_view> wide;                       // patterns that match what is needed, too
  std::map<std::string_view, bool, std::less<>> needed;  // by path
  for (const context::Record& record : context.files.records()) {
    if (record.type != context::Type::kFile) continue;
    const auto [pattern, path] = stranger_in(record.path);
    if (pattern.empty() || wanted.contains(pattern)) continue;
    if (!reads_git && (pattern == ".git" || is_never_read(pattern))) reads_git = use.reads_git();
    if (pattern == ".git" && *reads_git) continue;
    if (pattern == "venv" && !is_in_virtualenv(context, record.path)) continue;
    const auto known = needed.try_emplace(path, false);
    if (known.second) {
      known.first->second =
          use.names(path) || (is_key_ending(pattern) && !may_hold_private_key(context, record)) ||
          (pattern != ".git" && (!is_never_read(pattern) || *reads_git) && is_tracked(path));
    }
    if (known.first->second) {
      wide.insert(pattern);
      continue;
    }
    if (found.first.empty()) found.first = record.path;
    Share& share = shares[pattern];
    ++share.files;
    share.bytes += record.size;
    share.paths.insert(path);
  }
  if (shares.empty()) return found;
  Share all;
  std::string names;
  for (const auto& [name, share] : shares) {
    const std::string pattern = as_pattern(name);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", pattern.substr(3));
    if (wide.contains(name)) {
      found.lines += fmt::format("{}\n", fmt::join(share.paths, "\n"));
    } else {
      found.lines += pattern + "\n";
    }
    all.files += share.files;
    all.bytes += share.bytes;
  }
  found.words = fmt::format("COPY includes {} that no image needs, {} of {}",
                            text::counted(all.files, "file"), report::bytes_words(all.bytes), names);
  return found;
}

// Whether the context has files with such names at all: most have none.
bool may_have_strangers(const lint::BuildContext& context) {
  struct StrangerNames {
    bool any = false;
  };
  return context
      .shared<StrangerNames>([&] {
        return StrangerNames{std::ranges::any_of(context.files.records(), [](const context::Record& record) {
          return record.type == context::Type::kFile && !stranger_in(record.path).pattern.empty();
        })};
      })
      .any;
}

// Worked out once for all Dockerfiles of a context.
Strangers strangers_of(const lint::BuildContext& context, const ContextUse& use) {
  if (!may_have_strangers(context)) return {};
  if (!use.is_of_context()) return find_strangers(context, use);
  return context.shared<Strangers>([&] { return find_strangers(context, use); });
}

// The first file of that name at the root, or in the folder of that name.
std::string file_in(const lint::BuildContext& context, std::string_view name) {
  const auto found = std::ranges::find_if(context.files.records(), [&](const context::Record& record) {
    return record.type == context::Type::kFile && text::is_within(record.path, name);
  });
  return found == context.files.records().end() ? std::string() : found->path;
}

// Whether a RUN comes after the COPY, so that something is done again.
bool has_run_after(const plan::Graph& graph, const plan::Step& copy) {
  return std::ranges::any_of(graph.steps, [&](const plan::Step& step) {
    return step.kind == plan::Step::Kind::kRun && &step > &copy && graph.starts_from(step.stage, copy.stage);
  });
}

// The ignore file with patterns added; empty if it can't be read. `**/NAME` takes the place of `NAME`, so
// that exceptions below it stay what they are.
std::string with_lines(const lint::BuildContext& context, std::string lines) {
  const auto text = context.file_system->read(context.ignore_file);
  if (!text) return {};
  std::string result;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    std::string_view name = text::trim(line);
    if (name.ends_with('/')) name.remove_suffix(1);
    const std::string wider = fmt::format("**/{}\n", name);
    const size_t at = name.empty() ? std::string::npos : lines.find(wider);
    if (at != std::string::npos && (at == 0 || lines[at - 1] == '\n')) {
      result += wider.substr(0, wider.size() - 1);
      lines.erase(at, wider.size());
    } else {
      result += line;
    }
    if (end < rest.size()) result += '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const bool joined = !result.empty() && !result.ends_with('\n') && !lines.empty();
  return result + (joined ? "\n" : "") + lines;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const plan::Step* copy = find_broad_copy(dockerfile.graph());
  const lint::BuildContext* context = copy == nullptr ? nullptr : likely_context(dockerfile);
  if (context == nullptr || context->ignore_file.empty()) return;
  const ContextUse use(dockerfile, *context);
  const Strangers found = strangers_of(*context, use);
  std::vector<std::string> edited;
  if (has_run_after(dockerfile.graph(), *copy)) edited = use.needless_names();
  // After an edit of a Dockerfile alone people expect a build.
  if (std::ranges::all_of(edited, project::is_dockerfile_name)) edited.clear();
  if (found.words.empty() && edited.empty()) return;
  const std::string remedy = fmt::format("add them to {}", text::base_name(context->ignore_file));
  const std::string names = fmt::format("{}", fmt::join(edited, ", "));
  lint::Diagnostic& diagnostic = reporter.report(
      copy->instruction->span,
      found.words.empty()
          ? fmt::format("the build does not read {}, but an edit there rebuilds this step", names)
          : found.words + (edited.empty() ? "" : fmt::format(", and editing {} rebuilds this step", names)),
      remedy);
  if (found.words.empty()) diagnostic.level = lint::Level::kInfo;
  auto gain =
      gain_of_ignoring(dockerfile, found.first.empty() ? file_in(*context, edited.front()) : found.first);
  if (gain && gain->rebuilds > 0) diagnostic.impact = std::move(gain);
  lint::Fix fix;
  fix.description = remedy;
  fix.new_file = context->ignore_file;
  fix.new_file_content = with_lines(
      *context, found.lines + (edited.empty() ? "" : fmt::format("{}\n", fmt::join(edited, "\n"))));
  fix.unsafe_because = "a step may read one of the files that the ignore file then leaves out";
  if (!fix.new_file_content.empty()) diagnostic.fix = std::move(fix);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/concepts/context/#dockerignore-files"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC2002",
          .name = "ignore-misses",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kUnsafe,
          .summary = "The ignore file does not exclude files that no image needs",
          .rationale =
              "Every file that a broad COPY copies is part of its cache key and of the image. The history of "
              "the repository, packages installed on this machine, caches of tools, logs and editor files "
              "change although the program does not. They rebuild the step and all steps after it, and make "
              "the image larger. Anyone who has the image can read a `.env` or a key in it.\n\nREADME, docs, "
              "tests and the configuration of CI services are edited often, and most builds do not read "
              "them: if they are copied and a RUN follows, that is an info. A `.pem` counts only if it "
              "contains a private key. Not reported: what git tracks, except caches and files of editors in "
              "builds that do not read git; what the Dockerfile or a manifest of the project "
              "mentions, what another image with the same context copies by name, what an exception in the "
              "ignore file includes on purpose, and `.git` if a step may run git.",
          .fix_note =
              "Adds the patterns at the end of the ignore file. The fix is unsafe, since a build may need "
              "one of the files.",
          .bad = {"FROM node:22\n"
                  "WORKDIR /app\n"
                  "COPY . .\n",
                  kBad},
          .good = {"FROM node:22\n"
                   "WORKDIR /app\n"
                   "COPY . .\n",
                   kGood},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC2002
