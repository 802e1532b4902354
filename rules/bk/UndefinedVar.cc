#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/secrets.h"
#include "rules/variables.h"

namespace dcache::rules::UndefinedVar {
namespace {

constexpr size_t kMostKnown = 1000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether one name is a misspelling of the other: a letter or two. `PY2` is none of `PY3`.
bool is_misspelling(std::string_view name, std::string_view of) {
  constexpr size_t kShortest = 4, kLong = 8;
  const size_t most = name.size() < kLong ? 1 : 2;
  const size_t difference = name.size() < of.size() ? of.size() - name.size() : name.size() - of.size();
  if (name.size() < kShortest || difference > most) return false;
  const auto without_digits = [](std::string_view text) {
    std::string letters;
    std::ranges::remove_copy_if(text, std::back_inserter(letters), is_digit);
    return letters;
  };
  return text::edit_distance(name, of) <= most && without_digits(name) != without_digits(of);
}

// The image that a stage starts from in the end.
std::string_view base_image(const plan::Graph& graph, const plan::Stage& stage) {
  const plan::Stage* first = &stage;
  while (first->base_stage)
    first = &graph.stages[*first->base_stage];
  return first->from->arguments.empty() ? "" : graph.text_of(first->from->arguments.front());
}

// Whether a variable has the name in which images say what version they are of: RUBY_VERSION in `ruby`.
bool is_version_of(std::string_view name, std::string_view image) {
  constexpr std::string_view kEnd = "_VERSION";
  std::string own(text::base_name(lint::image_name(image)));
  std::ranges::replace(own, '-', '_');
  return name.ends_with(kEnd) && text::equals_ignoring_case(name.substr(0, name.size() - kEnd.size()), own);
}

// Reports variables that nothing sets. The base image may set any of them: outside of BuildKit's own profile
// only those count that the file sets elsewhere, that are spelled like one that it sets, or that no base
// image brings.
class UndefinedVariables {
 public:
  UndefinedVariables(lint::Dockerfile& dockerfile, lint::Reporter& reporter)
      : file_(dockerfile.file()),
        graph_(dockerfile.graph()),
        reporter_(reporter),
        names_(names_set_in(dockerfile)) {
    all_ = answers_as_buildkit(dockerfile);
    for (const plan::UndeclaredVariable& one : graph_.undeclared) {
      if (one.stage) undeclared_[{one.instruction, *one.stage}].insert(one.name);
    }
  }

  void check(const DispatchedInstruction& one) const {
    const auto found = undeclared_.find({one.instruction, one.stage});
    if (found == undeclared_.end()) return;
    const plan::Stage& stage = graph_.stages[one.stage];
    const std::string_view image = base_image(graph_, stage);
    const bool starts_empty = image == "scratch";
    const std::vector<NamedVariable> own = variables_set_by(*one.instruction, graph_);
    for (const std::string_view name : found->second) {
      const bool elsewhere = names_.contains(name);
      const auto meant =
          std::ranges::find_if(names_, [&](std::string_view known) { return is_misspelling(name, known); });
      // `ENV X=/x:$X` adds to what the base image has.
      const bool extends = std::ranges::find(own, name, &NamedVariable::name) != own.end();
      const bool from_image = extends || (!elsewhere && meant == names_.end()) || is_version_of(name, image);
      if (!all_ && from_image && !starts_empty) continue;
      const std::string_view near = closest_known(stage, one, name);
      report_at(reporter_, one, fmt::format("{} is not set here", name),
                elsewhere      ? "set it in this stage, above this line: values of other stages, and of "
                                 "ARG above the first FROM, do not apply here"
                : near.empty() ? "set it with ARG or ENV above, or give it a default value"
                               : fmt::format("did you mean {}?", near));
    }
  }

 private:
  // The name that could be meant, of those that are declared in the stage up to the instruction, or that the
  // stage that it starts from has.
  std::string_view closest_known(const plan::Stage& stage, const DispatchedInstruction& one,
                                 std::string_view name) const {
    std::vector<std::string_view> known;
    for (auto base = stage.base_stage; base && known.size() <= kMostKnown;
         base = graph_.stages[*base].base_stage) {
      for (const plan::Variable* variable : graph_.stages[*base].environment.variables())
        known.emplace_back(variable->name);
    }
    const dockerfile::Instruction* const first = file_.instructions().data();
    const dockerfile::Instruction* const past = first + file_.instructions().size();
    const bool in_file = !std::less<>()(one.instruction, first) && std::less<>()(one.instruction, past);
    const dockerfile::Instruction* const end = in_file ? one.instruction : past;
    std::set<std::string_view> later;
    for (const dockerfile::Instruction* at = stage.from; at != nullptr && at < past; ++at) {
      if (at != stage.from && at->keyword == dockerfile::Keyword::kFrom) break;
      if (known.size() + later.size() > kMostKnown) return {};
      for (const NamedVariable& variable : variables_set_by(*at, graph_)) {
        if (at < end) known.emplace_back(variable.name);
        if (at >= end) later.insert(variable.name);
      }
    }
    // What the builder sets itself.
    for (const plan::Variable* variable : stage.environment.variables()) {
      if (!later.contains(variable->name)) known.emplace_back(variable->name);
    }
    for (const std::string_view declared : stage.declared) {
      if (!later.contains(declared)) known.emplace_back(declared);
    }
    known.emplace_back("PATH");  // which every image has
    const auto misspelt = std::ranges::find_if(
        known, [&](std::string_view declared) { return is_misspelling(name, declared); });
    return misspelt == known.end() ? text::closest(name, known) : *misspelt;
  }

  const dockerfile::File& file_;
  const plan::Graph& graph_;
  lint::Reporter& reporter_;
  std::set<std::string_view> names_;
  std::map<std::pair<const dockerfile::Instruction*, size_t>, std::set<std::string_view>> undeclared_;
  bool all_ = false;
};

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const auto is_in_stage = [](const plan::UndeclaredVariable& one) { return one.stage.has_value(); };
  if (std::ranges::none_of(dockerfile.graph().undeclared, is_in_stage)) return;
  const UndefinedVariables variables(dockerfile, reporter);
  for (const DispatchedInstruction& one : dispatched(dockerfile))
    variables.check(one);
  // The instruction that BuildKit stops at has its variables looked up first.
  if (const FailingInstruction* failing = failing_instruction(dockerfile)) variables.check(failing->at);
}

}  // namespace

lint::Rule rule() {
  return {.code = "UndefinedVar",
          .name = "UndefinedVar",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "A variable is used but not set",
          .rationale =
              "A variable that neither an ENV nor an ARG of the stage sets is empty, and the path or value "
              "that contains it has another meaning. Arguments from above the first FROM must be declared "
              "again in the stage. Base images set variables too, which the file does not show. Outside of "
              "the profiles `buildkit` and `all`, a name therefore counts only if the file sets it "
              "elsewhere, if it looks like a misspelling of a name that the file sets, or if the stage "
              "starts from scratch; in a stage from an image such as ruby, `RUBY_VERSION` and similar names "
              "do not count.",
          .bad = {"ARG TARGET=/app\n"
                  "FROM debian:12\n"
                  "COPY app $TARGET/\n"},
          .good = {"FROM debian:12\n"
                   "ARG TARGET=/app\n"
                   "COPY app $TARGET/\n"},
          .check = check};
}

}  // namespace dcache::rules::UndefinedVar
