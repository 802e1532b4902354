#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dcache/dockerfile/expand.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/edits.h"
#include "rules/gain.h"
#include "rules/go_module.h"

namespace dcache::rules::DC1002 {
namespace {

using lint::Run;
using plan::Graph;
using plan::Stage;
using plan::Step;

constexpr size_t kManyInOne = 3;  // packages of one folder that are not copied one by one

// A package that `go build` is told to build.
struct Package {
  std::string written;        // relative to the root, variables as they are spelled
  std::string folder;         // variables replaced; "" is the root
  bool below = false;         // with /...
  bool known_at_copy = true;  // its variables are declared above the COPY
};

bool takes_value(std::string_view option) {
  constexpr std::string_view kOptions[] = {
      "-o", "-ldflags", "-tags",      "-gcflags",  "-asmflags",      "-mod",
      "-p", "-pkgdir",  "-buildmode", "-compiler", "-installsuffix", "-overlay"};
  return std::ranges::find(kOptions, option) != std::end(kOptions);
}

// Commands that read none of the sources.
bool is_harmless(std::span<const shell::Word> words) {
  constexpr std::string_view kPrograms[] = {"mkdir", "echo", "apk", "apt-get", "set", "strip", "upx", "true"};
  const std::string_view program = shell::program_of(words);
  if (words.empty() || std::ranges::find(kPrograms, program) != std::end(kPrograms)) return true;
  const bool go = program == "go" && words.size() > 1;
  return go && (words[1].text == "mod" || words[1].text == "version" || words[1].text == "env");
}

// What a stage does with the files of one COPY of everything.
class Reader {
 public:
  Reader(lint::Dockerfile& dockerfile, const Step& copy)
      : dockerfile_(dockerfile), graph_(dockerfile.graph()), copy_(copy) {}

  // The packages that it builds of them; empty if it may do something else with them.
  std::vector<Package> packages() {
    const Stage& stage = graph_.stages[copy_.stage];
    bool behind = false;
    for (const size_t index : stage.steps) {
      const Step& step = graph_.steps[index];
      if (&step == &copy_) behind = true;
      if (!behind || step.kind != Step::Kind::kRun) continue;
      if (!read_run(step, dockerfile_.run_of(index))) return {};
    }
    if (!only_products_are_copied(stage)) return {};
    return std::move(packages_);
  }

 private:
  bool read_run(const Step& step, const Run& run) {
    if (!run.shell_form || !run.posix_shell || step.workdir() != copy_.destination || step.reads_context())
      return false;
    return std::ranges::all_of(run.commands, [&](const shell::Command& command) {
      const auto words = shell::invocation(command);
      if (is_harmless(words)) return command.redirections.empty() || shell::program_of(words) == "echo";
      const bool builds = shell::program_of(words) == "go" && words.size() > 1 &&
                          (words[1].text == "build" || words[1].text == "install");
      return builds && read_build(step, words.subspan(2));
    });
  }

  bool read_build(const Step& step, std::span<const shell::Word> words) {
    bool any = false;
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = words[i].text;
      if (word.starts_with('-')) {
        if (takes_value(word)) ++i;
        continue;
      }
      if (!word.starts_with("./") && word != ".") return false;
      any = true;
      if (!add(step, word)) return false;
    }
    return any || add(step, ".");
  }

  bool add(const Step& step, std::string_view word) {
    Package package;
    package.below = word.ends_with("/...");
    if (package.below) word.remove_suffix(4);
    if (!step.environment) return false;
    const auto replaced = dockerfile::expand(word, step.environment->lookup());
    if (!replaced) return false;
    for (const plan::Variable* variable : step.environment->variables()) {
      const bool named = word.find("$" + variable->name) != std::string_view::npos ||
                         word.find("${" + variable->name) != std::string_view::npos;
      package.known_at_copy =
          package.known_at_copy && (!named || variable->line < copy_.instruction->start_line);
    }
    package.written = text::clean_path(word);
    package.folder = text::clean_path(*replaced);
    if (package.folder == ".") package.folder.clear();
    if (package.folder.starts_with("..") || package.folder.find('$') != std::string::npos) return false;
    packages_.push_back(std::move(package));
    return true;
  }

  // Whether nobody goes on from the stage, and what is copied from it is none of the files.
  bool only_products_are_copied(const Stage& stage) const {
    if (graph_.target == stage.index) return false;
    const bool is_base = std::ranges::any_of(
        graph_.stages, [&](const Stage& other) { return other.base_stage == stage.index; });
    if (is_base) return false;
    const context::Snapshot& files = dockerfile_.build_context()->files;
    return std::ranges::all_of(graph_.steps, [&](const Step& step) {
      return std::ranges::all_of(step.reads, [&](const plan::Read& read) {
        if (read.origin != plan::Read::Origin::kStage || read.stage != stage.index) return true;
        return !read.selectors.empty() &&
               std::ranges::none_of(read.selectors, [&](const plan::Selector& selector) {
                 if (selector.wildcard || text::is_within(copy_.destination, selector.path)) return true;
                 if (!text::is_within(selector.path, copy_.destination)) return false;
                 const size_t root = copy_.destination == "/" ? 1 : copy_.destination.size() + 1;
                 return files.find(std::string_view(selector.path).substr(root)) != nullptr;
               });
      });
    });
  }

  lint::Dockerfile& dockerfile_;
  const Graph& graph_;
  const Step& copy_;
  std::vector<Package> packages_;
};

// The folders to copy: packages, and in the place of many in one folder that folder.
std::set<std::string> folders_to_copy(const std::set<std::string>& needed) {
  std::map<std::string, size_t> in_top;
  for (const std::string& folder : needed)
    ++in_top[folder.substr(0, folder.find('/'))];
  std::set<std::string> folders;
  for (const std::string& folder : needed) {
    const std::string top = folder.substr(0, folder.find('/'));
    folders.insert(in_top[top] >= kManyInOne ? top : folder);
  }
  std::erase_if(folders, [&](const std::string& folder) {
    return folder.empty() || std::ranges::any_of(folders, [&](const std::string& other) {
             return other != folder && !other.empty() && text::is_within(folder, other);
           });
  });
  return folders;
}

// What the COPY brings and the folders don't contain: the first source, and how many files.
struct UnneededFiles {
  std::string_view edited;
  size_t files = 0;
};
UnneededFiles find_needless(const lint::BuildContext& context, const std::set<std::string>& folders) {
  UnneededFiles needless;
  for (const context::Record& record : context.files.records()) {
    if (record.type != context::Type::kFile || record.path.find('/') == std::string::npos) continue;
    const bool held = std::ranges::any_of(
        folders, [&](const std::string& folder) { return text::is_within(record.path, folder); });
    if (held) continue;
    ++needless.files;
    if (needless.edited.empty() && record.path.ends_with(".go")) needless.edited = record.path;
  }
  return needless;
}

// A COPY of the root's own files, and one for each folder.
std::vector<std::string> copies(const lint::BuildContext& context, const dockerfile::Instruction& copy,
                                const std::set<std::string>& folders, const std::vector<Package>& packages,
                                bool root) {
  std::string flags;
  for (const dockerfile::Flag& flag : copy.flags)
    flags.append(flag.text).append(" ");
  std::string text = fmt::format("COPY {}go.mod", flags);
  if (context.files.find("go.sum") != nullptr) text += " go.sum";
  if (root) text += " *.go";
  std::vector<std::string> lines = {text + " ./"};
  for (const std::string& folder : folders) {
    const auto package = std::ranges::find(packages, folder, &Package::folder);
    const std::string_view written = package == packages.end() ? folder : package->written;
    lines.push_back(fmt::format("COPY {0}{1} ./{1}", flags, written));
  }
  return lines;
}

void look_at(lint::Dockerfile& dockerfile, const Step& copy, lint::Reporter& reporter) {
  const lint::BuildContext* context = dockerfile.build_context();
  const GoModule* module = context == nullptr ? nullptr : GoModule::of(*context);
  if (module == nullptr) return;
  const std::vector<Package> packages = Reader(dockerfile, copy).packages();
  if (packages.empty()) return;
  std::set<std::string> needed;
  for (const Package& package : packages) {
    const auto folders = module->needed_by(package.folder, package.below);
    if (!folders) return;
    needed.insert(folders->begin(), folders->end());
  }
  const bool root = needed.contains("");
  const std::set<std::string> folders = folders_to_copy(needed);
  const UnneededFiles needless = find_needless(*context, folders);
  if (needless.edited.empty()) return;
  const dockerfile::Instruction& instruction = *copy.instruction;
  lint::Diagnostic& diagnostic =
      reporter.report(instruction.span,
                      fmt::format("{} includes {} that the build never reads, for example {}",
                                  dockerfile::name_of(instruction.keyword),
                                  text::counted(needless.files, "file"), needless.edited),
                      fmt::format("copy go.mod, go.sum{}{}{}", root ? ", *.go" : "",
                                  folders.empty() ? "" : ", ", fmt::join(folders, ", ")));
  // A COPY can't name what is declared below it.
  if (!std::ranges::all_of(packages, &Package::known_at_copy)) return;
  lint::Fix fix;
  fix.description = "copy what the packages need";
  fix.unsafe_because = "the build may read files in ways that imports and //go:embed do not show";
  fix.added = copies(*context, instruction, folders, packages, root);
  fix.edits.push_back(
      {instruction.span, fmt::format("{}", fmt::join(fix.added, line_end(dockerfile.file())))});
  fix.added.erase(fix.added.begin());  // it is in the old one's place
  auto gain = gain_of(dockerfile, fix, needless.edited);
  if (gain && gain->rebuilds_after < gain->rebuilds) diagnostic.impact = std::move(gain);
  diagnostic.fix = std::move(fix);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Step& step : dockerfile.graph().steps) {
    const dockerfile::Instruction& instruction = *step.instruction;
    const bool plain = step.kind == Step::Kind::kCopy && instruction.keyword == dockerfile::Keyword::kCopy &&
                       instruction.arguments.size() == 2 && instruction.heredocs.empty() &&
                       instruction.find_flag("from") == nullptr &&
                       instruction.find_flag("exclude") == nullptr &&
                       (instruction.arguments[1].text == "." || instruction.arguments[1].text == "./");
    if (!plain || step.reads.size() != 1 || step.reads.front().selectors.size() != 1) continue;
    const plan::Selector& selector = step.reads.front().selectors.front();
    if (selector.path == "/" && !selector.wildcard) look_at(dockerfile, step, reporter);
  }
}

constexpr lint::ExampleFile kFiles[] = {
    {"go.mod", "module example.com/m\n"},
    {"go.sum", ""},
    {"cmd/app1/main.go",
     "package main\n\nimport \"example.com/m/internal/config\"\n\nfunc main() { config.Load() }\n"},
    {"cmd/app2/main.go", "package main\n\nfunc main() {}\n"},
    {"internal/config/config.go", "package config\n\nfunc Load() {}\n"}};
constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/optimize/",
                                            "https://docs.docker.com/build/cache/invalidation/"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1002",
          .name = "copy-wider-than-needed",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kUnsafe,
          .summary = "A COPY includes files that the steps after it do not need",
          .rationale =
              "In a repository with several programs, `COPY . .` makes each image depend on all of them: "
              "editing one program rebuilds the others too. If a stage only builds packages of a Go module, "
              "the imports show which folders it reads. A COPY of only these folders means that other edits "
              "do not rebuild the steps after it.\n\nThe rule needs the build context. It knows `go build` "
              "and `go install` of packages of the module at the root of the context. It does not look at "
              "modules that use local folders for other modules, at workspaces, or at `vendor`.",
          .fix_note =
              "Copies `go.mod`, `go.sum` and the folders of the packages. Unsafe: a build may read files in "
              "ways that imports and `//go:embed` do not show, and these files would be missing.",
          .bad = {"FROM golang:1.22 AS build\n"
                  "WORKDIR /src\n"
                  "COPY . .\n"
                  "RUN go build -o /out/app ./cmd/app1\n"
                  "FROM scratch\n"
                  "COPY --from=build /out/app /app\n",
                  kFiles},
          .good = {"FROM golang:1.22 AS build\n"
                   "WORKDIR /src\n"
                   "COPY go.mod go.sum ./\n"
                   "COPY cmd/app1 ./cmd/app1\n"
                   "COPY internal/config ./internal/config\n"
                   "RUN go build -o /out/app ./cmd/app1\n"
                   "FROM scratch\n"
                   "COPY --from=build /out/app /app\n",
                   kFiles},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1002
