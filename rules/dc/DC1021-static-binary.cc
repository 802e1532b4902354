#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/edits.h"
#include "rules/package_managers.h"
#include "rules/stages.h"

namespace dcache::rules::DC1021 {
namespace {

using lint::Run;
using plan::Graph;
using plan::Step;

bool has_no_libc(std::string_view image) {
  return lint::is_image(lint::ImageKind::kWithoutLibc, image);
}

// For each stage the image that it all starts from.
std::vector<std::string_view> base_images(const Graph& graph) {
  std::vector<std::string_view> images;
  for (const plan::Stage& stage : graph.stages) {
    const bool image = stage.from != nullptr && !stage.from->arguments.empty();
    images.push_back(stage.base_stage ? images[*stage.base_stage]
                     : image          ? graph.text_of(stage.from->arguments.front())
                                      : "");
  }
  return images;
}

// Alpine's image of Go has no C compiler, without which Go leaves cgo out by itself.
bool has_compiler(lint::Dockerfile& dockerfile, size_t stage, std::string_view base) {
  if (base.find("alpine") == std::string_view::npos) return true;
  return std::ranges::any_of(dockerfile.runs(), [&](const Run& run) {
    if (!run.step || !dockerfile.graph().starts_from(stage, dockerfile.graph().steps[*run.step].stage))
      return false;
    return std::ranges::any_of(run.commands, [](const shell::Command& command) {
      const auto words = shell::invocation(command);
      return shell::program_of(words) == "apk" &&
             (shell::has_word(words, "gcc") || shell::has_word(words, "build-base") ||
              shell::has_word(words, "alpine-sdk"));
    });
  });
}

bool sets_cgo(const shell::Command& command) {
  const auto sets = [](const shell::Word& word) { return word.text.starts_with("CGO_ENABLED="); };
  return std::ranges::any_of(command.assignments, sets) || std::ranges::any_of(command.words, sets);
}

bool is_static_by_flags(const shell::Command& command) {
  return std::ranges::any_of(command.words, [](const shell::Word& word) {
    return word.text.find("-static") != std::string_view::npos ||
           word.text.find("netgo") != std::string_view::npos;
  });
}

bool is_go_build(std::span<const shell::Word> words) {
  return shell::program_of(words) == "go" && words.size() > 1 &&
         (words[1].text == "build" || words[1].text == "install");
}

bool builds_with_go(const Run& run) {
  return std::ranges::any_of(
      run.commands, [](const shell::Command& command) { return is_go_build(shell::invocation(command)); });
}

// Where a command writes a program: into a folder, under a name unless only the sources tell it.
struct Output {
  std::string folder;
  std::string name;
};

std::string_view value_given(const shell::Command& command, std::string_view variable) {
  for (const auto* words : {&command.assignments, &command.words}) {
    for (const shell::Word& word : *words) {
      if (word.text.starts_with(variable) && word.text.substr(variable.size()).starts_with('='))
        return word.text.substr(variable.size() + 1);
    }
  }
  return {};
}

// The folder of `go install`; nothing if it is not known.
std::optional<std::string> install_folder(const Step& step, const shell::Command& command) {
  const auto given = [&](std::string_view name) {
    const std::string_view value = value_given(command, name);
    if (!value.empty() || !step.environment) return std::string(value);
    return std::string(step.environment->get(name).value_or(""));
  };
  if (const std::string bin = given("GOBIN"); !bin.empty()) return path_in(bin, step);
  const std::string path = given("GOPATH");
  return path_in(path.empty() ? "/go/bin" : path.substr(0, path.find(':')) + "/bin", step);
}

// Where `go install TOOL@VERSION` writes the tool; nothing for other commands, and if that is not known.
std::optional<Output> output_of_tool(const Step& step, const shell::Command& command,
                                     std::span<const shell::Word> words) {
  if (words[1].text != "install") return std::nullopt;
  const std::string_view package = words.back().text;
  const size_t at = package.find('@');
  if (at == std::string_view::npos || package.find('$') < at) return std::nullopt;
  auto folder = install_folder(step, command);
  if (!folder) return std::nullopt;
  std::string_view name = package.substr(0, at);
  // A major version at the end is not the name.
  if (const std::string_view last = text::base_name(name);
      last.size() > 1 && last[0] == 'v' && last.find_first_not_of("0123456789", 1) == std::string_view::npos)
    name = text::parent_path(name);
  return Output{*std::move(folder), std::string(text::base_name(name))};
}

// Whether a COPY of another stage may take the program, or a command may have put it elsewhere.
bool may_be_taken(lint::Dockerfile& dockerfile, const Step& maker, const Output& output) {
  const Graph& graph = dockerfile.graph();
  const auto takes = [&](const plan::Selector& selector) {
    if (selector.wildcard || selector.takes_everything() || text::is_within(output.folder, selector.path))
      return true;
    return text::is_within(selector.path, output.folder) && text::base_name(selector.path) == output.name;
  };
  for (const Step& step : graph.steps) {
    for (const plan::Read& read : step.reads) {
      if (read.origin == plan::Read::Origin::kStage && graph.starts_from(read.stage, maker.stage) &&
          std::ranges::any_of(read.selectors, takes))
        return true;
    }
  }
  return std::ranges::any_of(dockerfile.runs(), [&](const Run& run) {
    if (!run.step || !graph.starts_from(graph.steps[*run.step].stage, maker.stage)) return false;
    return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
      constexpr std::string_view kMovers[] = {"mv", "cp", "ln", "install", "upx", "rsync", "tar"};
      return text::is_one_of(command.program(), kMovers) &&
             std::ranges::any_of(command.words, [&](const shell::Word& word) {
               return text::base_name(word.text) == output.name ||
                      text::base_name(word.text) == text::base_name(output.folder) ||
                      word.text.find_first_of("*$`") != std::string_view::npos;
             });
    });
  });
}

void look_at(lint::Dockerfile& dockerfile, const Run& run, lint::Reporter& reporter) {
  const Step& step = dockerfile.graph().steps[*run.step];
  if (step.environment && step.environment->get("CGO_ENABLED")) return;
  if (std::ranges::any_of(run.commands, sets_cgo)) return;
  for (const shell::Command& command : run.commands) {
    const auto words = shell::invocation(command);
    if (!is_go_build(words) || is_static_by_flags(command)) continue;
    const auto tool = output_of_tool(step, command, words);
    if (tool && !may_be_taken(dockerfile, step, *tool)) continue;
    lint::Diagnostic& diagnostic = reporter.report(
        run.span_of(command.spelling),
        "with cgo the program may need a C library, and the image that it is copied into has none",
        "write CGO_ENABLED=0 before the command");
    if (!run.shell_form || command.quoted || words.data() != command.words.data()) continue;
    const text::Span go = run.span_of(words.front().spelling);
    diagnostic.fix = replace({go.begin, go.begin}, "CGO_ENABLED=0 ", "disable cgo");
    diagnostic.fix->unsafe_because = "a program that uses C code no longer builds";
  }
}

// For each stage whether it is an image that somebody runs: the last one, or one with a command. Others carry
// files to a folder, or to stages that a variable chooses.
std::vector<bool> stages_that_run(lint::Dockerfile& dockerfile) {
  const std::vector<plan::Stage>& stages = dockerfile.graph().stages;
  std::vector<bool> run(stages.size());
  for (const WrittenStage& written : written_stages(dockerfile)) {
    const auto stage = std::ranges::find(stages, written.from, &plan::Stage::from);
    if (written.from == nullptr || stage == stages.end()) continue;
    run[stage->index] = std::ranges::any_of(written.body, [](const dockerfile::Instruction& one) {
      return one.keyword == dockerfile::Keyword::kCmd || one.keyword == dockerfile::Keyword::kEntrypoint;
    });
  }
  if (!run.empty()) run.back() = true;
  return run;
}

// For each stage whether files of it, or of one that starts from it, go into an image without a C library. A
// stage that others take files from is not an image of its own: it carries them to where they are used.
class StagesWithoutLibc {
 public:
  StagesWithoutLibc(const Graph& graph, const std::vector<std::string_view>& bases,
                    const std::vector<bool>& runs)
      : graph_(graph), copied_(graph.stages.size()), seen_(graph.stages.size()) {
    std::vector<bool> is_source(graph.stages.size());
    for (const Step& step : graph.steps) {
      for (const plan::Read& read : step.reads) {
        if (read.origin == plan::Read::Origin::kStage) is_source[read.stage] = true;
      }
    }
    for (const plan::Stage& stage : graph.stages) {
      if (runs[stage.index] && has_no_libc(bases[stage.index]) && !is_source[stage.index])
        visit(stage.index, bases);
    }
  }

  const std::vector<bool>& stages() const { return copied_; }

 private:
  // Marks what is copied into a stage, and into those without a library that it is copied from in turn.
  void visit(size_t into, const std::vector<std::string_view>& bases) {
    if (seen_[into]) return;
    seen_[into] = true;
    if (brings_libraries(into)) return;
    for (const size_t index : graph_.stages[into].steps) {
      const Step& step = graph_.steps[index];
      if (step.kind != Step::Kind::kCopy) continue;
      for (const plan::Read& read : step.reads) {
        if (read.origin != plan::Read::Origin::kStage) continue;
        for (std::optional<size_t> at = read.stage; at; at = graph_.stages[*at].base_stage) {
          copied_[*at] = true;
          if (has_no_libc(bases[*at])) visit(*at, bases);
        }
      }
    }
    if (const auto base = graph_.stages[into].base_stage) visit(*base, bases);
  }

  // Whether a COPY gives the image a C library after all.
  bool brings_libraries(size_t stage) const {
    const auto is_library = [](std::string_view path) {
      constexpr std::string_view kFolders[] = {"/lib", "/lib64", "/usr/lib"};
      return std::ranges::any_of(kFolders,
                                 [&](std::string_view folder) { return text::is_within(path, folder); });
    };
    return std::ranges::any_of(graph_.stages[stage].steps, [&](size_t index) {
      const Step& step = graph_.steps[index];
      return step.kind == Step::Kind::kCopy &&
             (is_library(step.destination) || std::ranges::any_of(step.reads, [&](const plan::Read& read) {
                return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
                  return is_library(selector.path);
                });
              }));
    });
  }

  const Graph& graph_;
  std::vector<bool> copied_;
  std::vector<bool> seen_;
};

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const Graph& graph = dockerfile.graph();
  const std::vector<std::string_view> bases = base_images(graph);
  const std::vector<bool> copied = StagesWithoutLibc(graph, bases, stages_that_run(dockerfile)).stages();
  if (std::ranges::find(copied, true) == copied.end()) return;
  for (const Run& run : dockerfile.runs()) {
    if (!run.step || !builds_with_go(run)) continue;
    const size_t stage = graph.steps[*run.step].stage;
    if (copied[stage] && has_compiler(dockerfile, stage, bases[stage])) look_at(dockerfile, run, reporter);
  }
}

constexpr std::string_view kReferences[] = {
    "https://pkg.go.dev/cmd/cgo",
    "https://github.com/GoogleContainerTools/distroless/blob/main/base/README.md"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1021",
          .name = "static-binary",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kUnsafe,
          .summary = "A Go program built with cgo is copied into an image without a C library",
          .rationale =
              "If a C compiler is installed, `go build` links programs that use the net or os/user "
              "packages to the C library of the build image. `scratch` and the static distroless images "
              "have no C library: the container fails to start with \"no such file or directory\", "
              "although the file is there. With `CGO_ENABLED=0` the program needs no C library.",
          .fix_note =
              "Sets `CGO_ENABLED=0` for the command. Unsafe: a program that uses C code no longer builds.",
          .bad = {"FROM golang:1.22 AS build\n"
                  "WORKDIR /src\n"
                  "COPY . .\n"
                  "RUN go build -o /app .\n"
                  "FROM scratch\n"
                  "COPY --from=build /app /app\n"
                  "CMD [\"/app\"]\n"},
          .good = {"FROM golang:1.22 AS build\n"
                   "WORKDIR /src\n"
                   "COPY . .\n"
                   "RUN CGO_ENABLED=0 go build -o /app .\n"
                   "FROM scratch\n"
                   "COPY --from=build /app /app\n"
                   "CMD [\"/app\"]\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1021
