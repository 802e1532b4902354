#include "dcache/project/bake/evaluation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/csv.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/lexer.h"
#include "dcache/text/booleans.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project::bake {
namespace {

using hcl::Attribute;
using hcl::Block;
using hcl::Error;
using hcl::Expression;
using hcl::Kind;
using hcl::Scope;
using hcl::Source;
using hcl::Type;
using hcl::Value;

constexpr size_t kMostTargets = 10'000;
constexpr size_t kMostEvaluationFailures = 50;
constexpr std::string_view kTargetType = "target";
constexpr std::string_view kGroupType = "group";
constexpr std::string_view kArguments = "args";
constexpr std::array<std::string_view, 2> kOfValidations = {"condition", "error_message"};
constexpr std::array<std::string_view, 3> kOfFunctions = {"params", "variadic_params", "result"};
// For what bake can evaluate and dcache can't.
constexpr std::string_view kPrintedByBake =
    "see it as JSON with 'docker buildx bake --print > bake.json', which is read too";

[[noreturn]] void fail_unknown(std::string message) {
  throw Error{.message = std::move(message), .remedy = std::string(kPrintedByBake)};
}

// What BAKE_LOCAL_PLATFORM is.
constexpr std::string_view kLocalPlatform =
#if defined(__aarch64__)
    "linux/arm64";
#elif defined(__x86_64__)
    "linux/amd64";
#else
    "";
#endif

bool is_block_type(std::string_view name) {
  return name == kTargetType || name == kGroupType;
}

bool is_target_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    const char small = text::ascii_lower(c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void check_name(const std::string& name) {
  if (!is_target_name(name))
    hcl::fail("\"" + name + "\" can't be the name of a target: only letters, digits, _ and - can be used");
}

// A text of the environment as a value of that type.
Value primitive_of(const std::string& text, const Type& type) {
  if (type.is(Kind::kString)) return Value::string(text);
  if (type.is(Kind::kBool)) {
    const std::optional<bool> truth = text::parse_bool(text);
    if (!truth) hcl::fail("\"" + text + "\" is not true or false");
    return Value::boolean(*truth);
  }
  if (!type.is(Kind::kNumber)) hcl::fail(type.phrase() + " can't be given as a list of texts");
  const std::optional<hcl::Number> number = hcl::Number::parse(text);
  if (!number || number->infinite()) hcl::fail("\"" + text + "\" is not a number");
  return Value::number(hcl::Number::of_double(number->approximate()));
}

Value map_of_csv(const std::vector<std::string>& fields, const Type& type) {
  Value::Members members;
  for (const std::string& field : fields) {
    const std::vector<std::string> pair = hcl::read_csv_fields(field, ':');
    if (pair.size() != 2) hcl::fail("\"" + field + "\" is not KEY:VALUE");
    members.insert_or_assign(pair[0], primitive_of(pair[1], type.element()));
  }
  return Value::map(type.element(), std::move(members));
}

Value value_of_csv(const std::string& text, const Type& type) {
  const std::vector<std::string> fields = hcl::read_csv_fields(text);
  if (type.is(Kind::kMap)) return map_of_csv(fields, type);
  Value::Items items;
  if (type.is(Kind::kTuple)) {
    if (fields.size() != type.elements().size())
      hcl::fail(std::to_string(type.elements().size()) + " values are required, not " +
                std::to_string(fields.size()));
    for (size_t i = 0; i < fields.size(); ++i)
      items.push_back(primitive_of(fields[i], type.elements()[i]));
    return Value::tuple(std::move(items));
  }
  for (const std::string& field : fields)
    items.push_back(primitive_of(field, type.element()));
  return type.is(Kind::kSet) ? Value::set(type.element(), std::move(items))
                             : Value::list(type.element(), std::move(items));
}

bool is_csv_type(const Type& type) {
  return type.is_sequence() || type.is(Kind::kMap);
}

const std::string* find_variable(const std::map<std::string, std::string, std::less<>>& map,
                                 std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

// Throws for anything in a block, called "a validation" in messages, that it does not have.
void check_content(const Block& block, std::string_view called,
                   std::span<const std::string_view> attributes) {
  for (const Attribute& attribute : block.body.attributes()) {
    if (!text::is_one_of(attribute.name, attributes))
      throw Error{.message = fmt::format("{} has no attribute \"{}\"", called, attribute.name),
                  .source = attribute.source,
                  .span = attribute.name_span};
  }
  for (const Block& inner : block.body.blocks)
    throw Error{.message = fmt::format("{} has no block \"{}\"", called, inner.type),
                .source = inner.source,
                .span = inner.span};
}

std::string home_of(const ReadOptions& options) {
  const std::string* home = find_variable(options.environment, "HOME");
  return home == nullptr ? "" : *home;
}

// The parameters of a function: names, in JSON as texts.
std::vector<std::string> parameter_names(const Expression& list) {
  if (list.kind != hcl::ExpressionKind::kTuple) hcl::fail("a list of names is required as params");
  std::vector<std::string> names;
  for (const hcl::ExpressionPtr& part : list.parts) {
    names.push_back(hcl::keyword_of(*part));
    if (names.back().empty()) hcl::fail("each parameter of a function is a name");
  }
  return names;
}

Origin origin_of(const Block& block) {
  return {DefinitionKind::kBake, block.source->path, block.source->lines.line_of(block.span.begin)};
}

}  // namespace

Evaluation::Evaluation(const std::vector<hcl::File>& files, const ReadOptions& options,
                       std::vector<text::Failure>& failures)
    : options_(options), failures_(failures), evaluator_(*this, budget_, home_of(options), options.buildx) {
  values_.emplace("BAKE_CMD_CONTEXT", Value::string("cwd://"));
  values_.emplace("BAKE_LOCAL_PLATFORM", kLocalPlatform.empty()
                                             ? Value::unknown(Type::string(), "BAKE_LOCAL_PLATFORM")
                                             : Value::string(std::string(kLocalPlatform)));
  for (const hcl::File& file : files)
    collect(file);
  for (const hcl::File& file : files)
    collect_lost(file);
}

// ---- Failures

// Adds the failure, once, and marks the error as told.
void Evaluation::tell(Error& error, const Source& source, text::Span span) {
  if (error.reported) return;
  error.reported = true;
  if (error.exhausted && std::exchange(exhausted_, true)) return;
  const Source& where = error.source == nullptr ? source : *error.source;
  text::Failure failure = where.failure(error.source == nullptr ? span : error.span, error.message,
                                        error.exhausted ? std::string(kPrintedByBake) : error.remedy);
  const auto same = [&](const text::Failure& other) {
    return other.path == failure.path && other.line == failure.line && other.column == failure.column &&
           other.message == failure.message;
  };
  if (failures_.size() < kMostEvaluationFailures && std::ranges::none_of(failures_, same))
    failures_.push_back(std::move(failure));
}

// Calls `use`; an error becomes a failure. False then.
template <typename Use>
bool Evaluation::guarded(const Source& source, text::Span span, const Use& use) {
  if (exhausted_) return false;
  try {
    use();
    return true;
  } catch (Error& error) {
    tell(error, source, span);
    return false;
  }
}

// ---- What the files define

void Evaluation::collect(const hcl::File& file) {
  for (const Block& block : file.body.blocks)
    collect_block(block);
  for (const Attribute& attribute : file.body.attributes()) {
    if (is_block_type(attribute.name) || values_.contains(attribute.name) || attribute.name == "function")
      continue;
    attributes_.insert_or_assign(attribute.name, &attribute);  // the last file decides
  }
}

// What can't be read is told already: that it is missing elsewhere is no news.
void Evaluation::collect_lost(const hcl::File& file) {
  for (const hcl::LostBlock& lost : file.lost) {
    if (is_block_type(lost.type)) lost_.insert(lost.label);
    if (lost.type == "variable" && !variables_.contains(lost.label)) failed_.insert(lost.label);
    if (lost.type == "function" && !functions_.contains(lost.label)) failed_.insert("function " + lost.label);
  }
}

void Evaluation::collect_block(const Block& block) {
  const bool known = is_block_type(block.type) || block.type == "variable" || block.type == "function";
  if (!known) return;
  if (block.labels.size() != 1) {
    guarded(*block.source, block.span, [&] { hcl::fail("a " + block.type + " has one name, in quotes"); });
    return;
  }
  const std::string& name = block.labels[0];
  if (is_block_type(block.type)) {
    blocks_.push_back(std::make_unique<BlockState>(BlockState{&block}));
  } else if (!is_block_type(name) && !values_.contains(name)) {
    (block.type == "variable" ? variables_ : functions_)[name] = &block;
  }
}

// ---- Dependencies

void Evaluation::load_reference(const hcl::Reference& reference, const Scope* scope, bool missing_allowed) {
  if (!types_known_ || !is_block_type(reference.name)) {
    if (!resolve_variable(reference.name, scope) && !missing_allowed)
      hcl::fail("there is no variable \"" + reference.name + "\"");
    return;
  }
  if (reference.path.empty())
    hcl::fail("write " + reference.name + ".NAME.ATTRIBUTE: it can't be used by itself");
  const auto blocks = named_[reference.name].find(reference.path[0]);
  if (blocks == named_[reference.name].end()) return;
  for (BlockState* state : blocks->second) {
    if (reference.path.size() > 1) {
      resolve_attribute(*state, reference.path[1]);
    } else {
      resolve_block(*state);
    }
  }
}

// Evaluates what an expression refers to. What there is not is an error of the expression, if it is
// evaluated.
void Evaluation::load_dependencies(const Expression& expression, const Scope* scope,
                                   const ExcludedNames& excluded, bool missing_allowed) {
  const hcl::References references = hcl::references_of(expression);
  budget_.spend(references.functions.size() + references.variables.size());
  for (const std::string& name : references.functions) {
    if (!resolve_function(name) && !missing_allowed) hcl::fail("there is no function \"" + name + "\"");
  }
  for (const hcl::Reference& reference : references.variables) {
    if (!excluded.contains(reference.name)) load_reference(reference, scope, missing_allowed);
  }
}

Value Evaluation::evaluate(const Attribute& attribute, const Scope* scope) {
  try {
    const hcl::Budget::Level level(budget_);
    load_dependencies(*attribute.value, scope, {}, true);
    return evaluator_.evaluate(*attribute.value, *attribute.source, scope);
  } catch (Error& error) {
    if (error.source == nullptr) {
      error.source = attribute.source;
      error.span = attribute.value->span;
    }
    throw;
  }
}

const Value* Evaluation::variable(const std::string& name) {
  if (types_known_ && is_block_type(name)) {
    const auto found = block_objects_.find(name);
    if (found != block_objects_.end()) return &found->second;
    const auto values = block_values_.find(name);
    if (values == block_values_.end()) return nullptr;
    budget_.spend(values->second.size());
    return &block_objects_.emplace(name, Value::object(values->second)).first->second;
  }
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

const hcl::UserFunction* Evaluation::function(const std::string& name) {
  const auto found = user_functions_.find(name);
  return found == user_functions_.end() ? nullptr : &found->second;
}

// ---- Variables

// False if there is none of that name.
bool Evaluation::resolve_variable(const std::string& name, const Scope* scope) {
  if (values_.contains(name) || (scope != nullptr && scope->find(name) != nullptr)) return true;
  const auto attribute = attributes_.find(name);
  const auto block = variables_.find(name);
  if (failed_.contains(name))
    throw Error{.message = "the variable \"" + name + "\" has an error", .reported = true};
  if (attribute == attributes_.end() && block == variables_.end()) return false;
  const Source& source = attribute == attributes_.end() ? *block->second->source : *attribute->second->source;
  const text::Span span =
      attribute == attributes_.end() ? block->second->label_span : attribute->second->name_span;
  try {
    const hcl::Budget::Level level(budget_);
    if (!in_progress_.insert("variable " + name).second)
      hcl::fail("the variable \"" + name + "\" depends on itself");
    values_.insert_or_assign(name, variable_value(name, scope));
  } catch (Error& error) {
    failed_.insert(name);
    tell(error, source, span);
    throw;
  }
  return true;
}

Value Evaluation::variable_value(const std::string& name, const Scope* scope) {
  const auto attribute = attributes_.find(name);
  const auto block = variables_.find(name);
  const bool is_variable = block != variables_.end();
  const Attribute* definition = attribute == attributes_.end() ? nullptr : attribute->second;
  Type type;
  bool typed = false;
  if (definition == nullptr) {
    scope = nullptr;
    definition = block->second->body.find("default");
    if (const Attribute* given = block->second->body.find("type")) {
      const bool none = given->value->kind == hcl::ExpressionKind::kLiteral &&
                        given->value->literal.is_null() && !given->value->quoted;
      if (!none) type = hcl::type_of(*given->value);
      typed = !none;
    }
  }
  // A variant of the name says that the text is JSON.
  const std::string* plain = find_variable(options_.environment, name);
  const std::string json_name = name + "_JSON";
  const bool json_allowed = (plain == nullptr || typed) && !variables_.contains(json_name);
  const std::string* json = json_allowed ? find_variable(options_.environment, json_name) : nullptr;
  const std::string* given = json != nullptr ? json : plain;
  std::optional<Value> value;
  if (definition != nullptr) value = hcl::convert(evaluate(*definition, scope), type);
  if (given == nullptr || !is_variable)
    unset_[name] = definition == nullptr ? std::set{name} : unset_in(*definition->value, scope);
  if (given != nullptr && is_variable)
    return value_from_environment(name, *given, json != nullptr, type, typed, value ? &*value : nullptr);
  if (value) return *value;
  return typed ? Value::null(type.without_optional()) : Value::string("");
}

// The variables without a default and a value that an expression uses, by itself or by others.
std::set<std::string> Evaluation::unset_in(const Expression& expression, const Scope* scope, size_t depth) {
  constexpr size_t kMostCalls = 8;
  std::set<std::string> names;
  const hcl::References references = hcl::references_of(expression);
  budget_.spend(references.functions.size() + references.variables.size());
  for (const hcl::Reference& reference : references.variables) {
    const auto found = unset_.find(reference.name);
    const bool is_local = scope != nullptr && scope->find(reference.name) != nullptr;
    if (found != unset_.end() && !is_local) names.insert(found->second.begin(), found->second.end());
  }
  for (const std::string& function : references.functions) {
    const hcl::UserFunction* const user = this->function(function);
    if (user == nullptr || user->result == nullptr || depth == kMostCalls) continue;
    std::set<std::string> inner = unset_in(*user->result, nullptr, depth + 1);
    for (const std::string& parameter : user->parameters)
      inner.erase(parameter);
    names.merge(inner);
  }
  return names;
}

// By member of a map: those that it uses, in words.
std::map<std::string, std::string, std::less<>> Evaluation::unset_of_members(const Attribute& attribute,
                                                                             const Setting& setting,
                                                                             const Scope& scope) {
  std::map<std::string, std::string, std::less<>> unset;
  const auto add = [&](const std::string& member, const std::set<std::string>& names) {
    if (names.empty()) return;
    unset.insert_or_assign(member, text::list_words(std::vector<std::string>(names.begin(), names.end())));
  };
  const Expression& expression = *attribute.value;
  if (expression.kind != hcl::ExpressionKind::kObject) {
    const std::set<std::string> names = unset_in(expression, &scope);
    for (const auto& [member, value] : setting.map)
      add(member, names);
    return unset;
  }
  for (size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
    const std::set<std::string> names = unset_in(*expression.parts[i + 1], &scope);
    if (names.empty()) continue;
    const Value key =
        hcl::convert(evaluator_.evaluate(*expression.parts[i], *attribute.source, &scope), Type::string());
    if (key.is_known() && !key.is_null()) add(key.as_string(), names);
  }
  return unset;
}

Value Evaluation::value_from_environment(const std::string& name, const std::string& text, bool json,
                                         const Type& type, bool typed, const Value* otherwise) {
  try {
    if (typed && json && type.is_any()) hcl::fail("JSON needs a type that is not any");
    if (typed && json) return hcl::convert(hcl::from_json(text, budget_), type);
    if (is_csv_type(type)) return value_of_csv(text, type);
    if (typed && type.is_primitive()) return primitive_of(text, type);
    if (!typed) {
      const bool open = otherwise == nullptr || otherwise->type().is_any();
      if (open) return Value::string(text);
      if (otherwise->type().is_primitive()) return primitive_of(text, otherwise->type());
    }
    hcl::fail((typed ? type : otherwise->type()).phrase() + " can't be set by a text; set " + name + "_JSON");
  } catch (Error& error) {
    error.message = "the value of " + name + " in the environment does not fit: " + error.message;
    throw;
  }
}

// The validation blocks of a variable.
void Evaluation::check_rules(const Block& block) {
  for (const Block& rule : block.body.blocks) {
    if (rule.type != "validation") continue;
    const Attribute* condition = rule.body.find("condition");
    const Attribute* message = rule.body.find("error_message");
    guarded(*rule.source, rule.span, [&] {
      if (!rule.labels.empty()) hcl::fail("a validation has no name");
      check_content(rule, "a validation", kOfValidations);
      if (condition == nullptr) hcl::fail("a validation needs a condition");
      const Value given = evaluator_.evaluate(*condition->value, *condition->source);
      if (given.is_null()) hcl::fail("the condition of the validation is null");
      const Value result = hcl::convert(given, Type::boolean());
      if (result.is_unknown() || result.is_true()) return;
      const Value words =
          message == nullptr ? Value() : evaluator_.evaluate(*message->value, *message->source);
      throw Error{.message = "the value of " + block.labels[0] + " is not valid" +
                             (words.type().is(Kind::kString) ? ": " + words.as_string() : ""),
                  .source = condition->source,
                  .span = condition->value->span,
                  .remedy = "set " + block.labels[0] + " to another value"};
    });
  }
}

// The description of a variable is a text without variables or functions.
void Evaluation::check_description(const Attribute& description) {
  if (description.value->json) return;  // where it is not a template
  const hcl::References references = hcl::references_of(*description.value);
  if (!references.variables.empty() || !references.functions.empty())
    hcl::fail("the description of a variable can't use variables or functions");
  const Value value = evaluator_.evaluate(*description.value, *description.source);
  if (hcl::convert(value, Type::string()).is_null()) hcl::fail("the description is null");
}

// ---- Functions

hcl::UserFunction Evaluation::user_function(const Block& block) {
  check_content(block, "a function", kOfFunctions);
  const Attribute* result = block.body.find("result");
  const Attribute* parameters = block.body.find("params");
  const Attribute* rest = block.body.find("variadic_params");
  if (result == nullptr) hcl::fail("the function has no result");
  if (parameters == nullptr) hcl::fail("the function has no params; write params = [] for none");
  hcl::UserFunction function{.result = result->value.get(), .source = result->source};
  function.parameters = parameter_names(*parameters->value);
  if (rest != nullptr) {
    function.rest = hcl::keyword_of(*rest->value);
    if (function.rest.empty()) hcl::fail("variadic_params is one name");
  }
  ExcludedNames excluded(function.parameters.begin(), function.parameters.end());
  excluded.insert(function.rest);
  try {
    load_dependencies(*result->value, nullptr, excluded, false);
  } catch (Error& error) {
    if (error.source == nullptr) {
      error.source = result->source;
      error.span = result->value->span;
    }
    throw;
  }
  return function;
}

// False if there is none of that name.
bool Evaluation::resolve_function(const std::string& name) {
  const hcl::Function* builtin = hcl::find_function(name);
  const bool special = name == "try" || name == "can" || name == "convert";
  if (special || (builtin != nullptr && (options_.buildx == 0 || builtin->since <= options_.buildx)))
    return true;
  if (user_functions_.contains(name)) return true;
  const auto found = functions_.find(name);
  const std::string key = "function " + name;
  if (failed_.contains(key))
    throw Error{.message = "the function \"" + name + "\" has an error", .reported = true};
  if (found == functions_.end()) return false;
  try {
    const hcl::Budget::Level level(budget_);
    if (!in_progress_.insert(key).second) hcl::fail("the function \"" + name + "\" calls itself");
    user_functions_.insert_or_assign(name, user_function(*found->second));
  } catch (Error& error) {
    failed_.insert(key);
    tell(error, *found->second->source, found->second->label_span);
    throw;
  }
  return true;
}

// ---- Targets and groups

// One scope for each combination of the values; the first key changes fastest.
std::vector<Scope> Evaluation::matrix_scopes(const Block& block) {
  const Attribute* matrix = block.body.find("matrix");
  if (matrix == nullptr) return {Scope{}};
  if (block.type == kGroupType) hcl::fail("a group can't have a matrix");
  const Value value = evaluate(*matrix, nullptr);
  if (!value.wholly_known()) fail_unknown("the matrix is not known: it uses " + value.reason());
  if (value.is_null() || !value.type().is_mapping()) hcl::fail("a matrix is a map of lists");
  std::vector<Scope> scopes{Scope{}};
  for (const auto& [name, choices] : value.members()) {
    if (choices.is_null() || choices.type().is_primitive() || choices.type().is_any())
      hcl::fail("each value of a matrix is a list, and " + name + " is not");
    Value::Items items = choices.items();
    for (const auto& [key, member] : choices.members())
      items.push_back(member);
    if (items.size() * scopes.size() > kMostTargets) fail_unknown("the matrix has too many combinations");
    std::vector<Scope> more;
    for (const Value& item : items) {
      for (const Scope& scope : scopes) {
        more.push_back(scope);
        more.back().variables.insert_or_assign(name, item);
      }
    }
    budget_.spend(more.size());
    scopes = std::move(more);
  }
  return scopes;
}

std::string Evaluation::instance_name(const Block& block, const Scope& scope) {
  const std::string& label = block.labels[0];
  check_name(label);
  const Attribute* given = block.body.find("name");
  if (given == nullptr) return label;
  if (block.type == kGroupType) hcl::fail("a group can't have the attribute \"name\"");
  if (block.body.find("matrix") == nullptr) hcl::fail("the attribute \"name\" needs a matrix");
  const Value value = hcl::convert(evaluate(*given, &scope), Type::string());
  if (value.is_null()) hcl::fail("the name is null");
  if (value.is_unknown()) fail_unknown("the name is not known: it uses " + value.reason());
  check_name(value.as_string());
  return value.as_string();
}

void Evaluation::find_instances(BlockState& state) {
  std::set<std::string> names;
  for (Scope& scope : matrix_scopes(*state.block)) {
    std::string name = instance_name(*state.block, scope);
    if (!names.insert(name).second)
      hcl::fail("two targets of the matrix are called \"" + name + "\"; set name = … with its values");
    state.instances.push_back({.scope = std::move(scope), .name = std::move(name)});
  }
}

Value Evaluation::value_of_instance(const Instance& instance, bool group) {
  Value::Members members{{"name", Value::string(instance.name)}};
  if (group) {
    for (const auto& [name, attribute] : {std::pair("targets", "inherits"), {"description", "description"}}) {
      const auto found = instance.settings.find(attribute);
      members.emplace(name, value_of(*find_attribute(attribute),
                                     found == instance.settings.end() ? nullptr : &found->second));
    }
    return Value::object(std::move(members));
  }
  for (const AttributeInfo& info : target_attributes()) {
    const auto found = instance.settings.find(info.name);
    members.emplace(info.name, value_of(info, found == instance.settings.end() ? nullptr : &found->second));
  }
  return Value::object(std::move(members));
}

// Evaluates an attribute of a target, unless it is done. A name that is none is left alone.
void Evaluation::resolve_attribute(BlockState& state, Instance& instance, const std::string& name) {
  if (instance.done.contains(name)) return;
  if (!instance.in_progress.insert(name).second)
    hcl::fail(state.block->type + "." + instance.name + "." + name + " depends on itself");
  const bool group = state.block->type == kGroupType;
  const AttributeInfo* info = find_attribute(group && name == "targets" ? "inherits" : name);
  const Attribute* attribute = state.block->body.find(name);
  if (info != nullptr && attribute != nullptr) {
    const Value value = evaluate(*attribute, &instance.scope);
    try {
      std::optional<Setting> setting = setting_of(*info, value);
      if (setting && info->name == kArguments)
        setting->unset = unset_of_members(*attribute, *setting, instance.scope);
      if (setting) instance.settings.insert_or_assign(info->name, *std::move(setting));
    } catch (Error& error) {
      error.source = attribute->source;
      error.span = attribute->value->span;
      error.message = "\"" + name + "\" does not fit: " + error.message;
      throw;
    }
  }
  instance.in_progress.erase(name);
  instance.done.insert(name);
}

void Evaluation::resolve_attribute(BlockState& state, const std::string& name) {
  for (Instance& instance : state.instances) {
    resolve_attribute(state, instance, name);
    block_values_[state.block->type].insert_or_assign(
        instance.name, value_of_instance(instance, state.block->type == kGroupType));
  }
  block_objects_.erase(state.block->type);
}

void Evaluation::resolve_block(BlockState& state) {
  if (std::exchange(state.resolving, true))
    hcl::fail(state.block->type + " \"" + state.block->labels[0] + "\" depends on itself");
  for (Instance& instance : state.instances) {
    for (const Attribute& attribute : state.block->body.attributes())
      resolve_attribute(state, instance, attribute.name);
    block_values_[state.block->type].insert_or_assign(
        instance.name, value_of_instance(instance, state.block->type == kGroupType));
  }
  block_objects_.erase(state.block->type);
  state.resolving = false;
}

void Evaluation::add_target(EvaluationResult& to, const BlockState& state, const Instance& instance) {
  const auto [at, added] = target_index_.emplace(instance.name, to.targets.size());
  if (added) {
    to.targets.push_back({instance.name, instance.settings, {origin_of(*state.block)}});
    return;
  }
  Definition& target = to.targets[at->second];
  merge(target.settings, instance.settings);
  target.defined.push_back(origin_of(*state.block));
}

void Evaluation::add_group(EvaluationResult& to, const BlockState& state, const Instance& instance) {
  Group group;
  group.name = instance.name;
  const auto listed = instance.settings.find("inherits");
  const bool is_null = listed == instance.settings.end();
  if (is_null && state.block->body.find("targets") == nullptr) hcl::fail("the group has no targets");
  const Setting members = is_null ? Setting() : listed->second;
  if (!members.unknown.empty()) fail_unknown("the targets are not known: they use " + members.unknown);
  for (const Text& member : members.list) {
    if (!member.unknown.empty()) fail_unknown("a target is not known: it uses " + member.unknown);
    if (std::ranges::find(group.members, member.value) == group.members.end())
      group.members.push_back(member.value);
  }
  const auto description = instance.settings.find("description");
  if (description != instance.settings.end()) group.description = description->second.text.value;
  to.group_origins.insert_or_assign(group.name, origin_of(*state.block));
  const auto found = std::ranges::find(to.groups, group.name, &Group::name);
  if (found == to.groups.end()) {
    to.groups.push_back(std::move(group));
  } else {
    *found = std::move(group);
  }
}

// The name of a block stands for all targets that it becomes by its matrix or its name.
void Evaluation::add_matrix_groups(EvaluationResult& to) const {
  std::map<std::string, Group, std::less<>> renamed;
  std::vector<std::string> order;
  for (const auto& state : blocks_) {
    if (state->block->type != kTargetType) continue;
    for (const Instance& instance : state->instances) {
      Group& group = renamed[state->block->labels[0]];
      if (group.members.empty()) order.push_back(state->block->labels[0]);
      if (std::ranges::find(group.members, instance.name) == group.members.end())
        group.members.push_back(instance.name);
    }
  }
  for (const std::string& label : order) {
    Group& group = renamed[label];
    group.name = label;
    if (group.members.size() == 1 && group.members[0] == label) continue;
    if (std::ranges::find(to.groups, label, &Group::name) == to.groups.end()) to.groups.push_back(group);
  }
}

void Evaluation::resolve_definitions() {
  for (const auto& [name, block] : variables_)
    guarded(*block->source, block->label_span, [&] { resolve_variable(name, nullptr); });
  for (const auto& [name, block] : variables_) {
    check_rules(*block);
    if (const Attribute* description = block->body.find("description"))
      guarded(*description->source, description->value->span, [&] { check_description(*description); });
  }
  for (const auto& [name, block] : functions_)
    guarded(*block->source, block->label_span, [&] { resolve_function(name); });
}

// The names of all targets and groups: only then can they be referred to.
void Evaluation::find_all_instances(EvaluationResult& to) {
  size_t total = 0;
  bool has_told = false;
  for (const auto& state : blocks_) {
    const Block& block = *state->block;
    const bool good = guarded(*block.source, block.label_span, [&] {
      find_instances(*state);
      if (total + state->instances.size() > kMostTargets)
        throw Error{.message = "there are too many targets", .reported = std::exchange(has_told, true)};
      total += state->instances.size();
    });
    if (good) continue;
    state->instances.clear();
    to.broken.insert(block.labels[0]);
  }
  for (const auto& state : blocks_) {
    for (const Instance& instance : state->instances)
      named_[state->block->type][instance.name].push_back(state.get());
  }
}

void Evaluation::evaluate_block(EvaluationResult& to, BlockState& state) {
  const Block& block = *state.block;
  const bool good = guarded(*block.source, block.label_span, [&] {
    resolve_block(state);
    for (const Instance& instance : state.instances) {
      if (block.type == kTargetType) {
        add_target(to, state, instance);
      } else {
        add_group(to, state, instance);
      }
    }
  });
  if (good) return;
  for (const Instance& instance : state.instances)
    to.broken.insert(instance.name);
}

EvaluationResult Evaluation::run(std::vector<Definition> targets, std::vector<Group> groups) {
  EvaluationResult result{.targets = std::move(targets), .groups = std::move(groups), .broken = lost_};
  for (const Definition& target : result.targets)
    target_index_.emplace(target.name, target_index_.size());
  resolve_definitions();
  types_known_ = true;
  find_all_instances(result);
  for (const auto& state : blocks_)
    evaluate_block(result, *state);
  for (const auto& [name, attribute] : attributes_)
    guarded(*attribute->source, attribute->name_span, [&] { resolve_variable(name, nullptr); });
  add_matrix_groups(result);
  std::erase_if(result.targets,
                [&](const Definition& target) { return result.broken.contains(target.name); });
  return result;
}

}  // namespace dcache::project::bake
