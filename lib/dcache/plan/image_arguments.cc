#include "dcache/plan/image_arguments.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "dcache/plan/image.h"
#include "dcache/plan/planner.h"

namespace dcache::plan {
namespace {

// Another text that means the same image, so that FROM plans the same step. If there is none, another image.
std::string other_spelling(const std::string& reference) {
  std::string other = normal_reference(reference);
  if (other != reference) return other;
  constexpr std::string_view kDefaultTag = ":latest";
  if (other.ends_with(kDefaultTag)) return other.substr(0, other.size() - kDefaultTag.size());
  return reference + "-other";
}

bool has_same_definition(const Step& a, const Step& b) {
  const auto is_same_part = [](const Part& x, const Part& y) {
    return x.kind == y.kind && x.name == y.name && x.value == y.value;
  };
  const auto is_same_variable = [](const Variable* x, const Variable* y) {
    return x->name == y->name && x->value == y->value;
  };
  if (a.environment.has_value() != b.environment.has_value()) return false;
  if (a.environment &&
      !std::ranges::equal(a.environment->variables(), b.environment->variables(), is_same_variable))
    return false;
  return std::ranges::equal(a.definition, b.definition, is_same_part);
}

Graph plan_with_other_arguments(const dockerfile::File& file, const Options& options,
                                const BuiltImage& image) {
  Options other = options;
  for (const std::string& name : image.arguments) {
    const auto argument = other.build_args.find(name);
    if (argument != other.build_args.end()) argument->second = other_spelling(argument->second);
  }
  return Planner(file, other).run();
}

}  // namespace

void tell_image_arguments(const dockerfile::File& file, const Options& options, Graph& graph) {
  for (const auto& [reference, image] : options.built_images) {
    if (image.arguments.empty()) continue;
    const Graph other = plan_with_other_arguments(file, options, image);
    const bool has_same_steps = other.steps.size() == graph.steps.size();
    for (size_t i = 0; i < graph.steps.size(); ++i) {
      Step& step = graph.steps[i];
      if (has_same_steps ? has_same_definition(step, other.steps[i]) : step.kind == Step::Kind::kImage)
        continue;
      step.definition.push_back({Part::Kind::kBuilt, image.name, image.state});
      step.definition.push_back({Part::Kind::kPossiblyBuilt, image.name, image.possible_state});
    }
  }
}

}  // namespace dcache::plan
