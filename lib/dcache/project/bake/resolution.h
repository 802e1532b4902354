// Makes targets of what bake files define: they inherit from each other, and options override them.
// Source: https://docs.docker.com/build/bake/inheritance/, https://docs.docker.com/build/bake/overrides/
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/bake/evaluation.h"
#include "dcache/project/target.h"
#include "dcache/text/failure.h"

namespace dcache::project::bake {

class Resolution {
 public:
  // `folder` is what relative paths start from. Failures are appended to `failures`.
  Resolution(const EvaluationResult& evaluated, std::string folder, std::vector<text::Failure>& failures);

  // Options that override attributes, as --set has them.
  void set(const std::vector<Override>& overrides);
  // All targets that can be made, in their order.
  std::vector<Target> targets();
  // Groups whose members are missing are failures; they are given in spite of them.
  std::vector<Group> groups();

 private:
  // The overrides of one target, by attribute ("args.X"), with their values in their order.
  struct Values {
    std::vector<std::string> values = {};
    bool append = false;
  };
  using Overrides = std::map<std::string, Values, std::less<>>;
  // What is known of the targets that one reads from.
  enum class Links : uint8_t { kInProgress, kGood, kBad };
  using VisitedTargets = std::map<std::string, std::optional<Settings>, std::less<>>;

  const Definition* find(std::string_view name) const;
  void fail(const Definition& target, std::string message, std::string remedy = {});
  std::optional<Settings> resolve(const Definition& target, VisitedTargets& visited, size_t depth);
  void override_attribute(Settings& settings, const std::string& key, const Values& values) const;
  std::optional<Target> target_of(const Definition& definition, const Settings& settings);
  bool fits(const Definition& definition, const Target& target);
  // The targets that nothing names but the `inherits` of others.
  std::set<std::string, std::less<>> only_inherited() const;
  bool check_links(const std::string& first);
  std::set<std::string_view> circular_groups() const;
  void fail(const Group& group, std::string message);

  const EvaluationResult& evaluated_;
  std::string folder_;
  std::vector<text::Failure>& failures_;
  std::map<std::string, size_t, std::less<>> index_;
  std::map<std::string, Overrides, std::less<>> overrides_;  // by target
  std::map<std::string, Target, std::less<>> made_;
  std::map<std::string, Links, std::less<>> links_;
  std::map<std::string_view, const Group*> groups_;
};

// Removes what bake does not list, unless something that it lists uses it: names with an underscore first,
// which are for inheriting, and targets that a group of the same name hides.
void remove_private(std::vector<Target>& targets, std::vector<Group>& groups);

// The definition that a target of another file means.
Definition definition_of(const Target& target);
// Its context as bake prints it.
std::string context_of(const Target& target);

}  // namespace dcache::project::bake
