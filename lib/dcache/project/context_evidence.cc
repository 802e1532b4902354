#include "dcache/project/context_evidence.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <re2/re2.h>

#include "dcache/shell/script.h"
#include "dcache/text/arena.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

// Programs that end with an error without one of these files in the folder that they are run in.
struct Tool {
  std::string_view program;
  std::string_view argument;              // that the command has; empty for any
  std::array<std::string_view, 3> files;  // the last ones may be empty
  bool above = false;                     // or in a folder above it
  bool weak = false;                      // the build may make the file itself
};
constexpr std::array<Tool, 51> kTools = {{
    {"go", "build", {"go.mod"}, true},
    {"go", "test", {"go.mod"}, true},
    {"go", "mod", {"go.mod"}, true},
    {"go", "generate", {"go.mod"}, true},
    {"go", "work", {"go.work"}, true},
    {"cargo", "build", {"Cargo.toml"}, true},
    {"cargo", "test", {"Cargo.toml"}, true},
    {"cargo", "-p", {"Cargo.lock"}, true},
    {"cargo", "--package", {"Cargo.lock"}, true},
    {"cargo", "--locked", {"Cargo.lock"}, true},
    {"cargo", "--workspace", {"Cargo.lock"}, true},
    {"npm", "ci", {"package-lock.json", "npm-shrinkwrap.json"}, true},
    {"npm", "install", {"package.json"}, true, true},
    {"npm", "run", {"package.json"}, true, true},
    {"pnpm", "install", {"pnpm-lock.yaml", "package.json"}, true},
    {"pnpm", "i", {"pnpm-lock.yaml", "package.json"}, true},
    {"pnpm", "--frozen-lockfile", {"pnpm-lock.yaml"}, true},
    {"pnpm", "--filter", {"pnpm-workspace.yaml"}, true},
    {"pnpm", "-F", {"pnpm-workspace.yaml"}, true},
    {"pnpm", "-r", {"pnpm-workspace.yaml"}, true},
    {"yarn", "--frozen-lockfile", {"yarn.lock"}, true},
    {"yarn", "--immutable", {"yarn.lock"}, true},
    {"yarn", "install", {"package.json"}, true, true},
    {"turbo", "", {"turbo.json"}, true},
    {"nx", "", {"nx.json"}, true},
    {"bun", "install", {"package.json"}, true, true},
    {"bun", "--frozen-lockfile", {"bun.lock", "bun.lockb"}, true},
    {"uv", "sync", {"pyproject.toml"}, true},
    {"uv", "--frozen", {"uv.lock"}, true},
    {"uv", "--locked", {"uv.lock"}, true},
    {"uv", "--package", {"uv.lock"}, true},
    {"poetry", "install", {"pyproject.toml"}, true},
    {"mvn", "", {"pom.xml"}},
    {"gradle", "", {"build.gradle", "build.gradle.kts", "settings.gradle"}, true},
    {"bundle", "install", {"Gemfile"}, true},
    {"composer", "install", {"composer.json"}},
    {"make", "", {"Makefile", "makefile", "GNUmakefile"}, false, true},
    {"cmake", ".", {"CMakeLists.txt"}, false, true},
    {"meson", "setup", {"meson.build"}, false, true},
    {"bazel", "", {"MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel"}, true},
    {"swift", "build", {"Package.swift"}},
    {"mix", "deps.get", {"mix.exs"}},
    {"sbt", "", {"build.sbt"}},
    {"stack", "build", {"stack.yaml"}, true},
    {"cabal", "build", {"cabal.project"}, true},
    {"zig", "build", {"build.zig"}},
    {"just", "", {"justfile", "Justfile"}, true, true},
    {"pip", ".", {"pyproject.toml", "setup.py", "setup.cfg"}},
    {"dotnet", "restore", {"*.*proj", "*.sln", "*.slnx"}},
    {"dotnet", "build", {"*.*proj", "*.sln", "*.slnx"}},
    {"dotnet", "publish", {"*.*proj", "*.sln", "*.slnx"}},
}};

// Words with which a command does something else: it asks, starts a project, or installs what it names.
constexpr std::array<std::string_view, 11> kOtherPurposes = {
    "--version", "-v", "-V", "--help", "-h", "init", "new", "-g", "--global", "create", "clean"};
// What makes Makefiles and scripts.
constexpr std::array<std::string_view, 12> kMakers = {"cmake",   "configure",  "qmake",     "phpize",
                                                      "perl ",   "autoreconf", "autogen",   "bootstrap",
                                                      "premake", "mod init",   "git clone", "meson"};
// Options whose value is a path that has to exist: of this program.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPathOptions = {
    {{"pip", "-r"}, {"pip", "--requirement"}, {"pip3", "-r"}, {"mvn", "-f"}, {"make", "-f"}}};
// Those whose value is a folder that contains this file.
struct FolderOption {
  std::string_view program, option, file;
};
constexpr std::array<FolderOption, 9> kFolderOptions = {{{"cmake", "-S", "CMakeLists.txt"},
                                                         {"make", "-C", "Makefile"},
                                                         {"mvn", "-pl", "pom.xml"},
                                                         {"mvn", "--projects", "pom.xml"},
                                                         {"npm", "--prefix", "package.json"},
                                                         {"pnpm", "-C", "package.json"},
                                                         {"pnpm", "--dir", "package.json"},
                                                         {"yarn", "--cwd", "package.json"},
                                                         {"cargo", "--manifest-path", ""}}};
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
  Commands(std::string folder, std::string copied, std::string_view scripts, std::vector<NeededFile>& needed)
      : folder_(std::move(folder)), copied_(std::move(copied)), scripts_(scripts), needed_(needed) {}

  void read(std::span<const shell::Command> commands) {
    need_folder(folder_);
    for (const shell::Command& command : commands) {
      const std::span<const shell::Word> words = shell::invocation(command);
      // What another command's failure or a condition starts need not work.
      if (words.empty() || command.depth > 0 || command.connector == shell::Connector::kOr) continue;
      if (shell::program_of(words) == "cd") {
        // In a folder that nobody knows nothing is known.
        if (words.size() < 2 || !words[1].literal) return;
        folder_ = absolute(words[1].text);
        need_folder(folder_);
      } else {
        read_command(words);
      }
    }
  }

 private:
  std::string absolute(std::string_view path) const {
    return text::clean_path(path.starts_with('/') ? std::string(path) : folder_ + '/' + std::string(path));
  }

  // Whether some step may make a file or a folder of this name.
  bool may_be_made(std::string_view name) const {
    if (name.empty()) return true;
    static constexpr std::array<std::string_view, 9> kBefore = {">",  "-o",    "-O", "tee",  "cp",
                                                                "mv", "touch", "ln", "mkdir"};
    for (size_t at = scripts_.find(name); at != std::string_view::npos; at = scripts_.find(name, at + 1)) {
      const size_t line = scripts_.rfind('\n', at) + 1;
      const std::string_view before = scripts_.substr(line, at - line);
      if (std::ranges::any_of(
              kBefore, [&](std::string_view word) { return before.find(word) != std::string_view::npos; }))
        return true;
    }
    return false;
  }

  bool has_maker() const {
    return std::ranges::any_of(
        kMakers, [&](std::string_view word) { return scripts_.find(word) != std::string_view::npos; });
  }

  void read_command(std::span<const shell::Word> words) {
    const std::string_view program = shell::program_of(words);
    const std::span<const shell::Word> arguments = words.subspan(1);
    if ((program == "npx" || program == "bunx" || program == "pnpx") && !arguments.empty())
      return read_command(arguments);
    if (words[0].literal && words[0].text.find('/') != std::string_view::npos)
      need_file(words[0].text, program != "gradlew" && program != "mvnw");
    const auto is_other = [](const shell::Word& word) { return text::is_one_of(word.text, kOtherPurposes); };
    if (std::ranges::none_of(arguments, is_other)) read_tools(program, arguments);
    read_arguments(program, arguments);
  }

  void read_tools(std::string_view program, std::span<const shell::Word> arguments) {
    if (program == "cargo" && shell::has_word(arguments, "install")) return;
    if (program == "go" && scripts_.find("go mod init") != std::string_view::npos) return;
    if (program == "make" && has_maker()) return;
    if (has_own_place(program, arguments)) return;
    if (program == "pip3") program = "pip";
    for (const Tool& tool : kTools) {
      const bool is_called =
          tool.program == program && (tool.argument.empty() || shell::has_word(arguments, tool.argument));
      if (is_called) need_tool(tool);
    }
  }

  // Whether a command is told where its project is, or installs what it names.
  static bool has_own_place(std::string_view program, std::span<const shell::Word> arguments) {
    static constexpr std::array<std::string_view, 9> kPlaces = {
        "-C", "-f", "--file", "--prefix", "--dir", "--cwd", "--manifest-path", "--directory", "--project"};
    const auto starts = [](const shell::Word& word) {
      return std::ranges::any_of(kPlaces, [&](std::string_view place) {
        return word.text == place || (place.starts_with("--") && word.text.starts_with(place) &&
                                      word.text.substr(place.size()).starts_with('='));
      });
    };
    if (std::ranges::any_of(arguments, starts)) return true;
    const auto named =
        std::ranges::count_if(arguments, [](const shell::Word& word) { return !word.text.starts_with('-'); });
    if (program == "dotnet") return named > 1;
    const bool installs = shell::has_word(arguments, "install");
    return (program == "npm" || program == "bun") && installs && named > 1;
  }

  void read_arguments(std::string_view program, std::span<const shell::Word> arguments) {
    const bool is_interpreter = text::is_one_of(program, kInterpreters);
    bool is_first = true;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const shell::Word& word = arguments[i];
      if (!word.literal || word.text.empty()) continue;
      const auto ends = [&](std::string_view ending) { return word.text.ends_with(ending); };
      if (std::ranges::any_of(kProjectEndings, ends)) need_file(word.text, false);
      if (word.text.starts_with('-')) {
        if (i + 1 < arguments.size() && arguments[i + 1].literal)
          read_option(program, word, arguments[i + 1]);
        continue;
      }
      if (std::exchange(is_first, false) && is_interpreter && word.text.find('.') != std::string_view::npos)
        need_file(word.text, true);
      // Gradle's projects are named by a path from the settings.
      if ((program == "gradle" || program == "gradlew") && word.text.starts_with(':'))
        need(std::vector<std::string_view>{"settings.gradle", "settings.gradle.kts"}, true, false);
    }
  }

  void read_option(std::string_view program, const shell::Word& option, const shell::Word& value) {
    for (const auto& [of, name] : kPathOptions) {
      if (of == program && name == option.text) need_file(value.text, true);
    }
    for (const FolderOption& known : kFolderOptions) {
      if (known.program != program || known.option != option.text) continue;
      std::string path(value.text);
      if (!known.file.empty()) path.append("/").append(known.file);
      need_file(path, program == "cmake" || program == "make");
    }
  }

  void need_file(std::string_view path, bool weak) {
    auto place = in_context(absolute(path), copied_);
    if (!place || place->empty()) return;
    const std::string_view name = text::base_name(*place);
    const bool is_generated = name == "configure" || name == "Makefile";
    if (weak && (may_be_made(name) || (is_generated && has_maker()))) return;
    needed_.push_back({{std::move(*place)}, weak});
  }

  // A step makes folders too; one within another seldom.
  void need_folder(std::string_view path) {
    auto place = in_context(path, copied_);
    if (!place || place->empty() || may_be_made(text::base_name(*place)) ||
        scripts_.find("git clone") != std::string_view::npos)
      return;
    const bool weak = place->find('/') == std::string::npos;
    needed_.push_back({{std::move(*place)}, weak});
  }

  void need_tool(const Tool& tool) {
    std::vector<std::string_view> names;
    std::ranges::copy_if(tool.files, std::back_inserter(names),
                         [&](std::string_view name) { return !name.empty() && !may_be_made(name); });
    if (!names.empty()) need(names, tool.above, tool.weak);
  }

  // One of the files, in the folder or, with `above`, in one above it.
  void need(const std::vector<std::string_view>& names, bool above, bool weak) {
    const auto place = in_context(folder_, copied_);
    if (!place) return;
    NeededFile file{.any_of = {}, .weak = weak};
    for (std::string folder = *place;; folder = text::parent_path(folder)) {
      for (const std::string_view name : names)
        file.any_of.push_back(text::join_path(folder, name));
      if (!above || folder.empty() || folder == ".") break;
    }
    needed_.push_back(std::move(file));
  }

  std::string folder_;
  std::string copied_;
  std::string_view scripts_;  // of all RUNs, one a line
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
  std::string scripts;
  for (const dockerfile::Instruction& instruction : graph.instructions) {
    if (instruction.keyword == dockerfile::Keyword::kRun) scripts.append(script_of(instruction)).append("\n");
    // A file that the Dockerfile itself contains.
    if (instruction.keyword == dockerfile::Keyword::kCopy && !instruction.heredocs.empty())
      scripts.append("> ").append(instruction.rest).append("\n");
  }
  for (const plan::Step& step : graph.steps) {
    if (!step.needed || step.kind != plan::Step::Kind::kRun) continue;
    const auto copied = copied_to(graph, step);
    const std::string script = script_of(*step.instruction);
    if (!copied || downloads(script)) continue;
    text::Arena texts;
    Commands(std::string(step.workdir()), *copied, scripts, needed).read(shell::split(script, texts));
  }
  return needed;
}

std::vector<NamedPath> named_paths(const plan::Graph& graph) {
  static const RE2 kPath(R"re((?:^|[\s"',=\[])(/?[\w@][\w@.+-]*(?:/[\w@.+-]+)*|\./[\w@./+-]+))re");
  using dockerfile::Keyword;
  std::vector<NamedPath> paths;
  const std::vector<std::string> copies = copies_of_context(graph);
  for (const dockerfile::Instruction& instruction : graph.instructions) {
    if (instruction.keyword != Keyword::kRun && instruction.keyword != Keyword::kCmd &&
        instruction.keyword != Keyword::kEntrypoint)
      continue;
    const std::string script = script_of(instruction);
    std::string word;
    for (re2::StringPiece rest(script); RE2::FindAndConsume(&rest, kPath, &word);) {
      if (word.find('.') == std::string::npos && word.find('/') == std::string::npos) continue;
      if (!word.starts_with('/')) {
        paths.push_back({text::clean_path(word), instruction.keyword == Keyword::kRun});
        continue;
      }
      for (const std::string& copy : copies) {
        if (auto place = in_context(word, copy); place && !place->empty())
          paths.push_back({*std::move(place), instruction.keyword == Keyword::kRun});
      }
    }
  }
  return paths;
}

}  // namespace dcache::project
