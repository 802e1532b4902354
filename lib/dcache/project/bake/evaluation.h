// Evaluates the variables, functions, groups and targets of bake files.
// Source: https://docs.docker.com/build/bake/reference/
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/bake/settings.h"
#include "dcache/project/hcl/evaluator.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/target.h"
#include "dcache/text/failure.h"

namespace dcache::project::bake {

// A block as it is written, before targets inherit from each other.
struct Definition {
  std::string name;
  Settings settings = {};
  std::vector<Origin> defined = {};
};

struct EvaluationResult {
  std::vector<Definition> targets = {};  // those of one name are merged
  std::vector<Group> groups = {};        // with those that stand for the targets of a matrix
  std::map<std::string, Origin, std::less<>> group_origins = {};
  // Names that are defined, but that can't be read.
  std::set<std::string, std::less<>> broken = {};
};

class Evaluation : public hcl::Names {
 public:
  // The files have to outlive the evaluation; failures are appended to `failures`.
  Evaluation(const std::vector<hcl::File>& files, const ReadOptions& options,
             std::vector<text::Failure>& failures);

  // What the files define, in addition to the targets and groups of compose files. To be called once.
  EvaluationResult run(std::vector<Definition> targets, std::vector<Group> groups);

  const hcl::Value* variable(const std::string& name) override;
  const hcl::UserFunction* function(const std::string& name) override;

 private:
  // One target of a block: there are several with a matrix.
  struct Instance {
    hcl::Scope scope = {};
    std::string name = {};
    Settings settings = {};
    std::set<std::string, std::less<>> done = {};
    std::set<std::string, std::less<>> in_progress = {};
  };
  struct BlockState {
    const hcl::Block* block = nullptr;
    std::vector<Instance> instances = {};
    bool resolving = false;
  };
  using Blocks = std::map<std::string, std::vector<BlockState*>, std::less<>>;
  using ExcludedNames = std::set<std::string, std::less<>>;

  void collect(const hcl::File& file);
  void collect_lost(const hcl::File& file);
  void collect_block(const hcl::Block& block);
  void tell(hcl::Error& error, const hcl::Source& source, text::Span span);
  template <typename Use>
  bool guarded(const hcl::Source& source, text::Span span, const Use& use);

  void load_dependencies(const hcl::Expression& expression, const hcl::Scope* scope,
                         const ExcludedNames& excluded, bool missing_allowed);
  void load_reference(const hcl::Reference& reference, const hcl::Scope* scope, bool missing_allowed);
  hcl::Value evaluate(const hcl::Attribute& attribute, const hcl::Scope* scope);

  bool resolve_variable(const std::string& name, const hcl::Scope* scope);
  hcl::Value variable_value(const std::string& name, const hcl::Scope* scope);
  std::set<std::string> unset_in(const hcl::Expression& expression, const hcl::Scope* scope,
                                 size_t depth = 0);
  std::map<std::string, std::string, std::less<>> unset_of_members(const hcl::Attribute& attribute,
                                                                   const Setting& setting,
                                                                   const hcl::Scope& scope);
  hcl::Value value_from_environment(const std::string& name, const std::string& text, bool json,
                                    const hcl::Type& type, bool typed, const hcl::Value* otherwise);
  void check_rules(const hcl::Block& block);
  void check_description(const hcl::Attribute& description);
  bool resolve_function(const std::string& name);
  hcl::UserFunction user_function(const hcl::Block& block);

  void find_instances(BlockState& state);
  std::vector<hcl::Scope> matrix_scopes(const hcl::Block& block);
  std::string instance_name(const hcl::Block& block, const hcl::Scope& scope);
  void resolve_block(BlockState& state);
  void resolve_attribute(BlockState& state, const std::string& name);
  void resolve_attribute(BlockState& state, Instance& instance, const std::string& name);
  static hcl::Value value_of_instance(const Instance& instance, bool group);

  void resolve_definitions();
  void find_all_instances(EvaluationResult& to);
  void evaluate_block(EvaluationResult& to, BlockState& state);
  void add_target(EvaluationResult& to, const BlockState& state, const Instance& instance);
  void add_group(EvaluationResult& to, const BlockState& state, const Instance& instance);
  void add_matrix_groups(EvaluationResult& to) const;

  const ReadOptions& options_;
  std::vector<text::Failure>& failures_;
  hcl::Budget budget_;
  hcl::Evaluator evaluator_;
  bool exhausted_ = false;

  std::map<std::string, const hcl::Block*, std::less<>> variables_;
  std::map<std::string, const hcl::Attribute*, std::less<>> attributes_;
  std::map<std::string, const hcl::Block*, std::less<>> functions_;
  std::vector<std::unique_ptr<BlockState>> blocks_;   // groups and targets, in their order
  std::map<std::string, Blocks, std::less<>> named_;  // by type and name; empty until all names are known
  std::map<std::string, size_t, std::less<>> target_index_;  // where a target of that name is in the result
  bool types_known_ = false;                                 // whether targets and groups can be referred to

  std::map<std::string, hcl::Value, std::less<>> values_;
  // By variable: those without a default and a value that it depends on.
  std::map<std::string, std::set<std::string>, std::less<>> unset_;
  std::map<std::string, hcl::UserFunction, std::less<>> user_functions_;
  std::set<std::string, std::less<>> in_progress_;  // "variable a", "function f"
  std::set<std::string, std::less<>> failed_;
  std::set<std::string, std::less<>> lost_;  // targets and groups that can't be read
  std::map<std::string, hcl::Value::Members, std::less<>> block_values_;  // by type, then by name
  std::map<std::string, hcl::Value, std::less<>> block_objects_;          // the same as values
};

}  // namespace dcache::project::bake
