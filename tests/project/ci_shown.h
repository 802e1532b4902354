// Targets of CI definitions as texts, for tests.
#pragma once

#include <string>

#include "dcache/project/target.h"
#include "dcache/text/failure.h"

namespace dcache::project {

inline std::string shown_list(const char* name, const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& one : list)
    text += (text.empty() ? std::string(" ") + name + "=" : ",") + one;
  return text;
}

inline std::string shown_pairs(const char* name, const Target::Pairs& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs)
    text += std::string(" ") + name + "." + key + "=" + value;
  return text;
}

// "NAME CONTEXT DOCKERFILE" with what else there is: "api app Dockerfile target=x args.A=1 tags=t ?tags".
inline std::string ci_shown(const Target& target) {
  std::string text = target.name + " " + target.context + " " + target.dockerfile;
  if (!target.target.empty()) text += " target=" + target.target;
  text += shown_pairs("args", target.args) + shown_pairs("contexts", target.contexts);
  text += shown_list("platforms", target.platforms) + shown_list("tags", target.tags);
  text += shown_pairs("labels", target.labels) + shown_list("annotations", target.annotations);
  text += shown_list("from", target.cache_from) + shown_list("to", target.cache_to);
  if (target.no_cache) text += " no-cache";
  if (target.builder) text += " by-" + std::string(plan::name_of(*target.builder));
  text += shown_list("filter", target.no_cache_filter);
  if (!target.run.network.empty()) text += " network=" + target.run.network;
  text += shown_list("hosts", target.run.add_hosts) + shown_list("ulimits", target.run.ulimits);
  if (!target.run.shm_size.empty()) text += " shm=" + target.run.shm_size;
  std::string last;
  for (const UnknownAttribute& unknown : target.unknown) {
    if (unknown.attribute != last) text += " ?" + unknown.attribute;
    last = unknown.attribute;
  }
  return text;
}

// One line for each target and each failure.
inline std::string ci_shown(const Definitions& definitions) {
  std::string text;
  for (const Target& target : definitions.targets)
    text += ci_shown(target) + "\n";
  for (const SkippedBuild& skipped : definitions.skipped)
    text += "- " + skipped.name + ": " + skipped.reason + "\n";
  for (const text::Failure& failure : definitions.failures)
    text += "! " + words_of(failure) + "\n";
  return text;
}

}  // namespace dcache::project
