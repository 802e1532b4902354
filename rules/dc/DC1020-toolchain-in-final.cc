#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"
#include "rules/final_image.h"
#include "rules/known_facts.h"
#include "rules/package_lists.h"

namespace dcache::rules::DC1020 {
namespace {

using lint::Run;

// What watches the sources or compiles when the container starts: an image for development.
constexpr std::string_view kCompilesAtStart[] = {
    "go",      "cargo",   "mvn", "mvnw",    "gradle",  "gradlew",   "stack",         "cabal",   "swift",
    "sbt",     "make",    "air", "bash",    "sh",      "fresh",     "reflex",        "gin",     "gcc",
    "g++",     "dlv",     "zsh", "tail",    "sleep",   "npm",       "yarn",          "pnpm",    "guard",
    "nodemon", "jupyter", "R",   "Rscript", "realize", "watchexec", "CompileDaemon", "kotlinc", "javac"};

bool is_one_of(std::string_view word, const auto& list) {
  return std::ranges::find(list, word) != std::end(list);
}

// Whether the words call one of the programs with one of the commands among its arguments.
bool is_call(std::span<const shell::Word> words, const auto& programs, const auto& commands) {
  return is_one_of(shell::program_of(words), programs) &&
         std::ranges::any_of(words, [&](const shell::Word& word) { return is_one_of(word.text, commands); });
}

struct ToolchainUse {
  const shell::Command* command = nullptr;
  std::string_view what;
};

ToolchainUse compiler_call(const Run& run) {
  for (const shell::Command& command : run.commands) {
    const auto words = shell::invocation(command);
    for (const Compiler& compiler : compilers()) {
      if (is_call(words, compiler.programs, compiler.commands)) return {&command, compiler.what};
    }
  }
  return {};
}

bool removes_packages(const Run& run) {
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    const auto words = shell::invocation(command);
    return is_call(words, system_package_managers(), package_removal_words());
  });
}

// Whether the base image has a C compiler with its tools already, so that an install of them adds nothing:
// the full images of languages are made from buildpack-deps.
bool has_c_compiler(std::string_view base) {
  constexpr std::string_view kOthers[] = {"slim", "alpine", "curl", "windows", "nanoserver"};
  const std::string_view tag = plan::read_reference(base).tag;
  return lint::is_image(lint::ImageKind::kCCompiler, base) &&
         std::ranges::none_of(
             kOthers, [&](std::string_view other) { return tag.find(other) != std::string_view::npos; });
}

ToolchainUse compiler_install(const Run& run, std::string_view base) {
  const bool has_c = has_c_compiler(base);
  for (const shell::Command& command : run.commands) {
    // Whether that happens at all is up to a build argument or the platform.
    if (is_conditional(run, command)) continue;
    const auto words = shell::invocation(command);
    if (!is_call(words, system_package_managers(), package_install_words())) continue;
    for (const shell::Word& word : words) {
      if (is_one_of(word.text, compiler_packages()) &&
          !(has_c && is_one_of(word.text, c_compiler_packages())))
        return {&command, word.text};
    }
  }
  return {};
}

// A prompt, or a worker of a build service.
bool is_to_work_in(const FinalImage& image) {
  constexpr std::string_view kPrompts[] = {"python", "python2", "python3", "node",  "irb",  "iex",
                                           "perl",   "luajit",  "ghci",    "julia", "xterm"};
  if (image.starts_script()) return true;
  return std::ranges::any_of(image.started, [&](const std::string& word) {
    return (image.started.size() == 1 && is_one_of(word, kPrompts)) ||
           word.find("slave") != std::string::npos || word.find("agent") != std::string::npos;
  });
}

// Whether all that starts is what a container is told to: a script hands it on, and no CMD says what it is.
// One that can't be read is taken for such a script by its name.
bool starts_what_it_is_told(lint::Dockerfile& dockerfile, const FinalImage& image) {
  if (image.command != nullptr || image.entrypoint == nullptr || image.started.empty()) return false;
  const std::string_view name = image.started.back();
  const auto script = copied_program(dockerfile, image, name);
  if (!script) {
    const bool relative = name.find('/') != std::string_view::npos && !name.starts_with('/');
    return image.started.size() == 1 &&
           (relative || name.ends_with(".sh") || name.find("entrypoint") != std::string_view::npos);
  }
  return script && script->starts_with("#!") &&
         (script->find("exec \"$@\"") != std::string::npos || script->find("exec $@") != std::string::npos);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const FinalImage& image = final_image(dockerfile);
  // Without a program of its own it may be an image to build with.
  if (image.starter() == nullptr || starts_what_it_is_told(dockerfile, image)) return;
  const bool compiles_at_start =
      std::ranges::any_of(kCompilesAtStart, [&](std::string_view program) { return image.starts(program); });
  if (compiles_at_start || (image.starts("dotnet") && (image.starts("run") || image.starts("watch")))) return;
  const bool removed = std::ranges::any_of(image.runs, [](const Run* run) { return removes_packages(*run); });
  for (const Run* run : image.runs) {
    if (removed && !lint::is_image(lint::ImageKind::kToolchain, image.base)) break;
    if (const ToolchainUse found = compiler_call(*run); found.command != nullptr) {
      reporter.report(
          run->span_of(found.command->spelling),
          fmt::format("the final image contains {}, but needs only the compiled program", found.what),
          "compile in a separate stage, and copy what the program needs with COPY --from");
      return;
    }
  }
  // What a script starts may compile, or run what somebody compiles there.
  if (is_to_work_in(image) || removed) return;
  for (const Run* run : image.runs) {
    if (const ToolchainUse found = compiler_install(*run, image.base); found.command != nullptr) {
      reporter.report(run->span_of(found.command->spelling),
                      fmt::format("{} is installed for a build, and stays in the final image", found.what),
                      "compile in a separate stage, and copy what the program needs with COPY --from");
      return;
    }
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/building/best-practices/#use-multi-stage-builds"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1020",
      .name = "toolchain-in-final",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .summary = "The final image contains a compiler that only its build needs",
      .rationale =
          "A compiler is many times the size of a program that it compiles. Each tool in an image must be "
          "kept up to date, and helps an intruder. A separate stage can compile: the final image gets only "
          "what is copied from it, and its layers still serve as cache.\n\n"
          "Images that start a shell or a compiler, or that name no program, are images to work with, and "
          "are not reported. Neither is a C compiler on a base image that contains one, such as "
          "`python:3.12` or `node:22` without `-slim` or `-alpine`, or one that is installed only under a "
          "condition.",
      .bad = {"FROM golang:1.22\n"
              "WORKDIR /src\n"
              "COPY . .\n"
              "RUN go build -o /app .\n"
              "CMD [\"/app\"]\n"},
      .good = {"FROM golang:1.22 AS build\n"
               "WORKDIR /src\n"
               "COPY . .\n"
               "RUN CGO_ENABLED=0 go build -o /app .\n"
               "FROM gcr.io/distroless/static\n"
               "COPY --from=build /app /app\n"
               "CMD [\"/app\"]\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1020
