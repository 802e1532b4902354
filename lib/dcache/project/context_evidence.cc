#include "dcache/project/context_evidence.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "dcache/shell/script.h"
#include "dcache/text/arena.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

// Programs that end with an error without one of these files in the folder that they are run in, or in one
// above it.
struct Tool {
  std::string_view program;
  std::string_view argument;              // that the command has; empty for any
  std::array<std::string_view, 3> files;  // the last ones may be empty
};
constexpr std::array<Tool, 49> kTools = {{
    {"go", "build", {"go.mod"}},
    {"go", "test", {"go.mod"}},
    {"go", "mod", {"go.mod"}},
    {"go", "generate", {"go.mod"}},
    {"cargo", "build", {"Cargo.toml"}},
    {"cargo", "test", {"Cargo.toml"}},
    {"cargo", "-p", {"Cargo.lock"}},
    {"cargo", "--package", {"Cargo.lock"}},
    {"cargo", "--locked", {"Cargo.lock"}},
    {"cargo", "--workspace", {"Cargo.lock"}},
    {"npm", "ci", {"package-lock.json", "npm-shrinkwrap.json"}},
    {"npm", "install", {"package.json"}},
    {"npm", "run", {"package.json"}},
    {"pnpm", "install", {"pnpm-lock.yaml", "package.json"}},
    {"pnpm", "i", {"pnpm-lock.yaml", "package.json"}},
    {"pnpm", "--frozen-lockfile", {"pnpm-lock.yaml"}},
    {"pnpm", "--filter", {"pnpm-workspace.yaml"}},
    {"pnpm", "-F", {"pnpm-workspace.yaml"}},
    {"pnpm", "-r", {"pnpm-workspace.yaml"}},
    {"yarn", "--frozen-lockfile", {"yarn.lock"}},
    {"yarn", "--immutable", {"yarn.lock"}},
    {"yarn", "install", {"package.json"}},
    {"turbo", "", {"turbo.json"}},
    {"nx", "", {"nx.json"}},
    {"bun", "install", {"package.json"}},
    {"uv", "sync", {"pyproject.toml"}},
    {"uv", "--frozen", {"uv.lock", "pyproject.toml"}},
    {"uv", "--locked", {"uv.lock"}},
    {"uv", "--package", {"uv.lock"}},
    {"poetry", "install", {"pyproject.toml"}},
    {"mvn", "", {"pom.xml"}},
    {"gradle", "", {"build.gradle", "build.gradle.kts", "settings.gradle"}},
    {"bundle", "install", {"Gemfile"}},
    {"composer", "install", {"composer.json"}},
    {"make", "", {"Makefile", "makefile", "GNUmakefile"}},
    {"cmake", ".", {"CMakeLists.txt"}},
    {"cmake", "..", {"CMakeLists.txt"}},
    {"meson", "setup", {"meson.build"}},
    {"bazel", "", {"MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel"}},
    {"swift", "build", {"Package.swift"}},
    {"mix", "deps.get", {"mix.exs"}},
    {"sbt", "", {"build.sbt"}},
    {"stack", "build", {"stack.yaml"}},
    {"cabal", "build", {"cabal.project"}},
    {"zig", "build", {"build.zig"}},
    {"just", "", {"justfile", "Justfile"}},
    {"dotnet", "restore", {"*.*proj", "*.sln", "*.slnx"}},
    {"dotnet", "build", {"*.*proj", "*.sln", "*.slnx"}},
    {"dotnet", "publish", {"*.*proj", "*.sln", "*.slnx"}},
}};

// Options whose value is a path that has to exist: of this program.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPathOptions = {
    {{"pip", "-r"}, {"pip", "--requirement"}, {"pip3", "-r"}, {"mvn", "-f"}, {"make", "-f"}}};
// Those whose value is a folder that contains this file.
struct FolderOption {
  std::string_view program, option, file;
};
constexpr std::array<FolderOption, 4> kFolderOptions = {{{"cmake", "-S", "CMakeLists.txt"},
                                                         {"make", "-C", "Makefile"},
                                                         {"mvn", "-pl", "pom.xml"},
                                                         {"mvn", "--projects", "pom.xml"}}};
constexpr std::array<std::string_view, 6> kProjectEndings = {".csproj", ".fsproj", ".vbproj",
                                                             ".sln",    ".slnx",   ".slnf"};
// Programs whose first argument, if it has an ending, is the file that they run.
constexpr std::array<std::string_view, 8> kInterpreters = {"sh",   "bash",    "ash",  "python",
                                                           "node", "python3", "ruby", "php"};

bool takes_all(const plan::Step& step) {
  return step.needed && std::ranges::any_of(step.reads, [](const plan::Read& read) {
           return read.origin == plan::Read::Origin::kContext &&
                  std::ranges::any_of(read.selectors, &plan::Selector::takes_everything);
         });
}

// What a path of the file system is called in the context that was copied to `copied`; nothing for others.
std::optional<std::string> in_context(std::string_view path, std::string_view copied) {
  const std::string clean = text::clean_path(path);
  const std::string top = text::clean_path(copied);
  if (clean == top) return std::string();
  if (!text::is_within(clean, top)) return std::nullopt;
  const std::string_view rest = std::string_view(clean).substr(text::is_root(top) ? 0 : top.size());
  return std::string(rest.substr(rest.starts_with('/') ? 1 : 0));
}

// Reads the commands of a RUN that works on the context in the folder `copied`.
class Commands {
 public:
  Commands(std::string folder, std::string copied, std::vector<NeededFile>& needed)
      : folder_(std::move(folder)), copied_(std::move(copied)), needed_(needed) {}

  void read(std::span<const shell::Command> commands) {
    for (const shell::Command& command : commands) {
      const std::span<const shell::Word> words = shell::invocation(command);
      if (words.empty()) continue;
      if (shell::program_of(words) == "cd") {
        // In a folder that nobody knows nothing is known.
        if (words.size() < 2 || !words[1].literal) return;
        folder_ = absolute(words[1].text);
      } else {
        read_command(words);
      }
    }
  }

 private:
  std::string absolute(std::string_view path) const {
    return text::clean_path(path.starts_with('/') ? std::string(path) : folder_ + '/' + std::string(path));
  }

  void read_command(std::span<const shell::Word> words) {
    const std::string_view program = shell::program_of(words);
    const std::span<const shell::Word> arguments = words.subspan(1);
    if (words[0].literal && words[0].text.find('/') != std::string_view::npos) need_file(words[0].text);
    for (const Tool& tool : kTools) {
      const bool is_called =
          tool.program == program && (tool.argument.empty() || shell::has_word(arguments, tool.argument));
      if (is_called && !(program == "dotnet" && names_project(arguments))) need_tool(tool);
    }
    const bool is_interpreter = text::is_one_of(program, kInterpreters);
    bool is_first = true;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const shell::Word& word = arguments[i];
      if (!word.literal || word.text.empty()) continue;
      const auto ends = [&](std::string_view ending) { return word.text.ends_with(ending); };
      if (std::ranges::any_of(kProjectEndings, ends)) need_file(word.text);
      if (word.text.starts_with('-')) {
        if (i + 1 < arguments.size() && arguments[i + 1].literal)
          read_option(program, word, arguments[i + 1]);
        continue;
      }
      if (std::exchange(is_first, false) && is_interpreter && word.text.find('.') != std::string_view::npos)
        need_file(word.text);
      // Gradle's projects are named by a path from the settings.
      if ((program == "gradle" || program == "gradlew") && word.text.starts_with(':'))
        need({"settings.gradle", "settings.gradle.kts"});
    }
  }

  // Whether a command of dotnet is given the project, or its folder.
  static bool names_project(std::span<const shell::Word> arguments) {
    return arguments.size() > 1 && !arguments[1].text.starts_with('-');
  }

  void read_option(std::string_view program, const shell::Word& option, const shell::Word& value) {
    for (const auto& [of, name] : kPathOptions) {
      if (of == program && name == option.text) need_file(value.text);
    }
    for (const FolderOption& known : kFolderOptions) {
      if (known.program == program && known.option == option.text)
        need_file(std::string(value.text) + '/' + std::string(known.file));
    }
  }

  void need_file(std::string_view path) {
    auto place = in_context(absolute(path), copied_);
    if (place && !place->empty()) needed_.push_back({{std::move(*place)}});
  }

  void need_tool(const Tool& tool) {
    std::vector<std::string_view> names;
    std::ranges::copy_if(tool.files, std::back_inserter(names),
                         [](std::string_view name) { return !name.empty(); });
    need(names);
  }

  // One of the files, in the folder or one above it.
  void need(std::vector<std::string_view> names) {
    const auto place = in_context(folder_, copied_);
    if (!place) return;
    NeededFile file;
    for (std::string folder = *place;; folder = text::parent_path(folder)) {
      for (const std::string_view name : names)
        file.any_of.push_back(text::join_path(folder, name));
      if (folder.empty() || folder == ".") break;
    }
    needed_.push_back(std::move(file));
  }

  std::string folder_;
  std::string copied_;
  std::vector<NeededFile>& needed_;
};

// Where a step that takes the whole context has it.
std::string place_of_copy(const plan::Step& step) {
  if (step.kind != plan::Step::Kind::kRun) return step.destination;
  return step.mount_targets.empty() ? std::string(step.workdir()) : step.mount_targets.front();
}

// The folder that the last step up to a RUN, of its stage or one that this starts from, copies the context
// to; nothing if none does.
std::optional<std::string> copied_to(const plan::Graph& graph, const plan::Step& run) {
  for (const plan::Step* step = &run;;) {
    if (takes_all(*step)) return place_of_copy(*step);
    if (!step->below) return std::nullopt;
    step = &graph.steps[*step->below];
  }
}

std::string script_of(const dockerfile::Instruction& run) {
  if (run.json) {
    std::string script;
    for (const dockerfile::Word& word : run.arguments)
      script.append(word.text).append(" ");
    return script;
  }
  return std::string(run.heredocs.empty() ? run.rest : run.heredocs.front().content);
}

bool downloads(std::string_view script) {
  constexpr std::array<std::string_view, 3> kWords = {"git clone", "curl ", "wget "};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return script.find(word) != std::string_view::npos; });
}

}  // namespace

bool takes_whole_context(const plan::Graph& graph) {
  return std::ranges::any_of(graph.steps, takes_all);
}

std::vector<std::string> copies_of_context(const plan::Graph& graph) {
  std::vector<std::string> places;
  for (const plan::Step& step : graph.steps) {
    if (takes_all(step)) places.push_back(text::clean_path(place_of_copy(step)));
  }
  return places;
}

std::vector<NeededFile> files_of_commands(const plan::Graph& graph) {
  std::vector<NeededFile> needed;
  if (!takes_whole_context(graph)) return needed;
  for (const plan::Step& step : graph.steps) {
    if (!step.needed || step.kind != plan::Step::Kind::kRun) continue;
    const auto copied = copied_to(graph, step);
    const std::string script = script_of(*step.instruction);
    if (!copied || downloads(script)) continue;
    text::Arena texts;
    Commands(std::string(step.workdir()), *copied, needed).read(shell::split(script, texts));
  }
  return needed;
}

}  // namespace dcache::project
