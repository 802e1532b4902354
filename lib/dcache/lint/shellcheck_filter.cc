#include "dcache/lint/shellcheck_filter.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "dcache/lint/images.h"

namespace dcache::lint {
namespace {

using Codes = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view code, Codes codes) {
  return std::ranges::find(codes, code) != codes.end();
}

// Of findings in published Dockerfiles with these codes hardly any was a fault.
bool is_seldom_a_fault(std::string_view code) {
  return is_one_of(
      code, {"SC1075", "SC2027", "SC2038", "SC2046", "SC2154", "SC2155", "SC2166", "SC2174", "SC2226"});
}

const Run* run_at(Dockerfile& dockerfile, const Diagnostic& diagnostic) {
  const auto holds = [&](const Run& run) {
    return run.instruction->span.begin <= diagnostic.span.begin &&
           diagnostic.span.begin <= run.instruction->span.end;
  };
  const auto found = std::ranges::find_if(dockerfile.runs(), holds);
  return found == dockerfile.runs().end() ? nullptr : &*found;
}

std::string_view base_image_of(Dockerfile& dockerfile, const Run& run) {
  if (!run.step) return {};
  const plan::Graph& graph = dockerfile.graph();
  const plan::Stage* stage = &graph.stages[graph.steps[*run.step].stage];
  while (stage->base_stage)
    stage = &graph.stages[*stage->base_stage];
  if (stage->from == nullptr || stage->from->arguments.empty()) return {};
  return graph.text_of(stage->from->arguments.front());
}

// Whether a RUN calls apk: its image is based on Alpine, whatever its name.
bool calls_apk(const Run& run) {
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return shell::program_of(shell::invocation(command)) == "apk";
  });
}

// Whether the shell of the image has what ShellCheck misses in POSIX. The `sh` of the others is dash, which
// has `echo -n` and `ulimit -n`, or bash.
bool knows(std::string_view image, bool busybox, std::string_view code, std::string_view word,
           std::string_view before) {
  // Started as `sh`, bash refuses names such as `a-b` of functions, and before 5.1 process substitution.
  if (!busybox && is_image(ImageKind::kBashAsSh, image)) return !is_one_of(code, {"SC3001", "SC3033"});
  // What the ash of busybox has of bash, tried with 1.37.
  if (busybox && is_one_of(code, {"SC3003", "SC3013", "SC3014", "SC3018", "SC3020", "SC3037", "SC3039",
                                  "SC3040", "SC3043", "SC3045", "SC3046", "SC3051", "SC3057", "SC3060"}))
    return true;
  if (code == "SC3037") return word == "-n" || before.ends_with("/echo");
  return code == "SC3045" && before.ends_with("ulimit");
}

// Whether the variable that the text begins with has a value by ENV.
bool has_value(Dockerfile& dockerfile, const Run& run, std::string_view text) {
  if (!run.step) return false;
  const auto& environment = dockerfile.graph().steps[*run.step].environment;
  if (!environment) return false;
  const size_t dollar = text.find('$');
  if (dollar == std::string_view::npos) return false;
  std::string_view name = text.substr(dollar + 1);
  if (name.starts_with('{')) name.remove_prefix(1);
  const auto is_letter = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  name = name.substr(0, static_cast<size_t>(std::ranges::find_if_not(name, is_letter) - name.begin()));
  const plan::Variable* variable = environment->find(name);
  return variable != nullptr && !variable->argument && !variable->value.empty();
}

// Whether a script was meant as a JSON form: what breaks that form is the finding, and not what a shell makes
// of its brackets.
bool is_broken_json(const Run& run) {
  return run.shell_form &&
         (run.script.starts_with("[\"") || run.script.starts_with("[[\"") ||
          (run.script.starts_with("[ \"") && run.script.find("\",") != std::string_view::npos));
}

bool is_worth_acting_on(Dockerfile& dockerfile, const Diagnostic& diagnostic) {
  const std::string_view code = diagnostic.rule;
  if (is_seldom_a_fault(code)) return false;
  if (code.starts_with("SC1")) {
    // Text that a template fills in is not a script yet.
    const Run* const templated = run_at(dockerfile, diagnostic);
    return templated == nullptr ||
           (templated->script.find("{{") == std::string_view::npos && !is_broken_json(*templated));
  }
  if (code != "SC2115" && !code.starts_with("SC30")) return true;
  const Run* const run = run_at(dockerfile, diagnostic);
  if (run == nullptr) return true;
  const std::string_view source = dockerfile.file().source();
  const std::string_view word = diagnostic.span.of(source);
  if (code == "SC2115") return !has_value(dockerfile, *run, word);
  std::string_view before = source.substr(0, diagnostic.span.begin);
  while (before.ends_with(' ') || before.ends_with('\t'))
    before.remove_suffix(1);
  const std::string_view image = base_image_of(dockerfile, *run);
  const bool busybox = is_image(ImageKind::kBusyboxTools, image) || calls_apk(*run);
  return !knows(image, busybox, code, word, before);
}

}  // namespace

std::vector<Diagnostic> worth_acting_on(Dockerfile& dockerfile, std::vector<Diagnostic> found) {
  // `[ 1 < 2 ]`: that it compares text is the fault, whatever shells know it.
  std::set<uint32_t> compares_text;
  for (const Diagnostic& diagnostic : found) {
    if (diagnostic.rule == "SC2071") compares_text.insert(diagnostic.span.begin);
  }
  std::erase_if(found, [&](const Diagnostic& diagnostic) {
    return (diagnostic.rule == "SC3012" && compares_text.contains(diagnostic.span.begin)) ||
           !is_worth_acting_on(dockerfile, diagnostic);
  });
  return found;
}

}  // namespace dcache::lint
