// Definitions as short texts, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dcache/project/target.h"

namespace dcache::project {

// "api: context=src dockerfile=Dockerfile args={A=1}", with a line for each target, skipped build and
// failure.
inline std::string shown(const Target& target) {
  std::string text = target.name + ":";
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) text += " " + name + "=" + value;
  };
  const auto add_pairs = [&](const std::string& name, const Target::Pairs& pairs) {
    std::string all;
    for (const auto& [key, value] : pairs)
      all += (all.empty() ? "" : ",") + key + "=" + value;
    add(name, all.empty() ? "" : "{" + all + "}");
  };
  const auto add_list = [&](const std::string& name, const std::vector<std::string>& list) {
    std::string all;
    for (const std::string& one : list)
      all += (all.empty() ? "" : ",") + one;
    add(name, all.empty() ? "" : "[" + all + "]");
  };
  add("context", target.context);
  if (target.dockerfile != "Dockerfile") add("dockerfile", target.dockerfile);
  add("inline", target.dockerfile_inline.value_or(""));
  add("target", target.target);
  add_pairs("args", target.args);
  add_pairs("contexts", target.contexts);
  add_list("platforms", target.platforms);
  add("platform", target.platform);
  add_list("tags", target.tags);
  add_pairs("labels", target.labels);
  add_list("annotations", target.annotations);
  add_list("from", target.cache_from);
  add_list("to", target.cache_to);
  if (target.no_cache) add("no_cache", "yes");
  add_list("no_cache_filter", target.no_cache_filter);
  if (target.pull) add("pull", "yes");
  add_list("secrets", target.secrets);
  add_list("ssh", target.ssh);
  add_list("other", target.other_inputs);
  if (target.builder) add("builder", std::string(plan::name_of(*target.builder)));
  add("network", target.run.network);
  add("shm", target.run.shm_size);
  add_list("hosts", target.run.add_hosts);
  add_list("ulimits", target.run.ulimits);
  add_list("needs", target.needs);
  add_pairs("images", target.image_args);
  std::vector<std::string> unknown;
  for (const UnknownAttribute& one : target.unknown)
    unknown.push_back(one.attribute + " " + one.reason);
  add_list("unknown", unknown);
  return text;
}

inline std::string shown(const Definitions& defined) {
  std::string text;
  for (const Target& target : defined.targets)
    text += shown(target) + "\n";
  for (const SkippedBuild& skipped : defined.skipped)
    text += "- " + skipped.name + ": " + skipped.reason + "\n";
  for (const text::Failure& failure : defined.failures)
    text += "! " + words_of(failure) + "\n";
  for (const MissingNeed& need : defined.missing_needs)
    text += "? " + words_of(need.failure) + "\n";
  return text;
}

}  // namespace dcache::project
