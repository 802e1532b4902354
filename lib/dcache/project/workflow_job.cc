#include "dcache/project/workflow_job.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/action_inputs.h"
#include "dcache/project/build_script.h"
#include "dcache/project/workflow_bake.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using yaml::Value;

constexpr size_t kDeepestAction = 10;  // actions that use actions
constexpr size_t kCostOfStep = 500;    // of reading it, in characters

// Actions that run a script, and the input that it is.
struct ScriptAction {
  std::string_view name;
  std::string_view input;
};
constexpr std::array<ScriptAction, 3> kScriptActions = {{{"nick-fields/retry", "command"},
                                                         {"nick-invision/retry", "command"},
                                                         {"Wandalen/wretry.action", "command"}}};

bool is_action(std::string_view uses, std::string_view name) {
  return text::equals_ignoring_case(uses.substr(0, uses.find('@')), name);
}

// `name=IMAGE` of a list such as "type=image,name=IMAGE,push=true".
std::string name_in(const std::string& list) {
  for (const std::string& pair : list_of_input(list, true)) {
    if (pair.starts_with("name=")) return pair.substr(5);
  }
  return {};
}

class StepReader {
 public:
  StepReader(WorkflowJob job, WorkflowReading& reading) : job_(std::move(job)), reading_(reading) {}

  void read_steps(const Value& steps) {
    if (!steps.is_list()) {
      reading_.files.fail(steps.place, fmt::format("'steps' is {}", yaml::words_of(steps.kind)),
                          "write a list of steps");
      return;
    }
    for (const Value& step : steps.items) {
      if (step.is_null()) continue;
      if (!step.is_map()) {
        reading_.files.fail(step.place, fmt::format("a step is {}", yaml::words_of(step.kind)),
                            "write a map with 'uses' or 'run'");
      } else if (!read_step(step)) {
        return;
      }
    }
  }

 private:
  // False if it is too much.
  bool read_step(const Value& step) {
    if (reading_.full || !reading_.files.spend(size_of(step) + kCostOfStep, step.place)) return false;
    runs_ = job_.scope.runs(step);
    if (!runs_.value_or(true)) return true;
    std::optional<WorkflowScope> outer;
    if (const Value* const env = step.find("env")) {
      outer = job_.scope;
      job_.scope.add_environment(env);
      if (!reading_.files.spend(job_.scope.size(), step.place)) return false;
    }
    exported_.clear();
    const std::string uses = text_of(step, "uses");
    if (!uses.empty()) {
      read_action(uses, step);
    } else if (const Value* const run = step.find("run")) {
      read_run(*run, step);
    }
    if (outer) job_.scope = *std::move(outer);
    for (const auto& [name, value] : exported_)
      job_.scope.set_variable(name, value);
    return true;
  }

  void read_action(const std::string& uses, const Value& step) {
    const Value* const with = step.find("with");
    const Value inputs = with == nullptr ? Value() : job_.scope.resolve(*with);
    if (!reading_.files.spend(size_of(inputs), step.place)) return;
    if (uses.starts_with("./") || uses.starts_with("$/") || uses == ".") {
      read_local_action(uses, inputs, step);
    } else if (is_build_action(uses)) {
      read_build(inputs, step);
    } else if (is_bake_action(uses)) {
      read_bake_step(inputs, source_at(step), job_.scope, workspace_, reading_);
    } else if (is_action(uses, "docker/metadata-action")) {
      read_metadata(inputs, step);
    } else if (is_action(uses, "actions/checkout")) {
      read_checkout(inputs);
    } else {
      const auto* const script = std::ranges::find_if(
          kScriptActions, [&](const ScriptAction& one) { return is_action(uses, one.name); });
      const Value* const text = script == kScriptActions.end() ? nullptr : inputs.find(script->input);
      if (text != nullptr) {
        read_script(yaml::printed(*text), CiText{job_.folder}, step);
      } else if (const auto build = read_other_action(inputs)) {
        add(*build, source_at(step));
      }
    }
  }

  CiSource source_at(const Value& step) const {
    CiSource source;
    source.defined.push_back(
        {DefinitionKind::kWorkflow, reading_.files.path_of(step.place), step.place.line});
    source.defined.insert(source.defined.end(), job_.callers.begin(), job_.callers.end());
    source.job = job_.name;
    source.purpose = job_.purpose;
    source.matrix = job_.scope.matrix_values();
    source.environment = [this](std::string_view name) { return job_.scope.variable(name); };
    return source;
  }

  void add(const CiBuild& build, const CiSource& source) {
    if (!reading_.targets.add(build, workspace_, source, reading_.result.failures)) stop(source);
  }

  void add(const CiDefinitionBuild& build, const CiSource& source, const Value& step) {
    if (reading_.full || !reading_.files.spend(kCostOfDefinitionBuild, step.place)) return;
    ReadOptions options = options_in_job(reading_.options, job_.scope.environment(), "GITHUB_WORKSPACE");
    if (!add_definition_build(build, std::move(options), source, workspace_, reading_.root, reading_.result,
                              reading_.targets))
      stop(source);
  }

  void stop(const CiSource& source) {
    const Origin& at = source.defined.front();
    text::Failure failure{at.path, at.line, 1, "too many images are built", "use smaller matrices"};
    if (!reading_.full) reading_.result.failures.push_back(std::move(failure));
    reading_.full = true;
  }

  void read_build(const Value& inputs, const Value& step) {
    const auto build = read_build_action(inputs);
    if (!build) return;
    CiSource source = source_at(step);
    for (const auto& [field, value] : build->values) {
      if (field != BuildField::kTag) continue;
      for (const auto& [id, images] : images_) {
        if (value.text.find("steps." + id + ".outputs.") != std::string::npos)
          source.images.insert(source.images.end(), images.begin(), images.end());
      }
    }
    for (const std::string& output : list_of_input(text_of(inputs, "outputs"), false)) {
      if (std::string name = name_in(output); !name.empty()) source.images.push_back(std::move(name));
    }
    add(*build, source);
  }

  void read_metadata(const Value& inputs, const Value& step) {
    const std::string id = text_of(step, "id");
    if (id.empty()) return;
    std::vector<std::string>& images = images_[id];
    constexpr size_t kMostImages = 20;
    for (const std::string& image : list_of_input(text_of(inputs, "images"), false)) {
      if (images.size() >= kMostImages) break;
      const std::string name = name_in(image);
      images.push_back(name.empty() ? image : name);
    }
  }

  void read_checkout(const Value& inputs) {
    Checkout checkout;
    if (const std::string path = text_of(inputs, "path"); !path.empty()) {
      const CiText folder = join_ci_path({"."}, text_with_expressions(path));
      if (!folder.is_known()) return;
      checkout.folder = folder.text;
    }
    const std::string repository = text_of(inputs, "repository");
    const auto own = reading_.options.environment.find("GITHUB_REPOSITORY");
    const bool is_own = repository.empty() || repository.find("github.") != std::string::npos ||
                        (own != reading_.options.environment.end() && own->second == repository);
    if (!is_own) {
      const std::string ref = text_of(inputs, "ref");
      checkout.remote = fmt::format("https://github.com/{}.git{}{}", repository, ref.empty() ? "" : "#", ref);
    }
    workspace_.add(std::move(checkout));
  }

  void read_run(const Value& run, const Value& step) {
    std::string shell = text_of(step, "shell");
    if (shell.empty()) shell = job_.shell;
    const std::string script = job_.scope.resolve(yaml::printed(run));
    if (!reading_.files.spend(script.size(), step.place)) return;
    const std::string folder = text_of(step, "working-directory");
    CiText start{job_.folder};
    if (!folder.empty()) start = text_with_expressions(job_.scope.resolve(folder));
    const bool powershell = shell.starts_with("pwsh") || shell.starts_with("powershell") ||
                            (shell.empty() && script.find(" `\n") != std::string::npos);
    const bool other = shell.starts_with("cmd") || shell.starts_with("python");
    if (!other) read_script(powershell ? without_backticks(script) : script, start, step);
  }

  // PowerShell continues a line after a backtick.
  static std::string without_backticks(std::string script) {
    for (size_t at = script.find("`\n"); at != std::string::npos; at = script.find("`\n", at))
      script[at] = '\\';
    return script;
  }

  void read_script(const std::string& script, const CiText& folder, const Value& step) {
    const bool may_matter = may_build(script) || may_run_script(script);
    if (!may_matter && script.find("GITHUB_ENV") == std::string::npos) return;
    CiText start = text_with_expressions(job_.scope.resolve(folder.text));
    const auto scripts = [&](const std::string& path, bool builds) -> std::optional<std::string> {
      const Workspace::Place place = workspace_.locate({path});
      if (!place.remote.empty() || !place.path.is_known() || place.path.text.starts_with("../"))
        return std::nullopt;
      return reading_.files.script(text::join_path(reading_.root, place.path.text), builds, step.place);
    };
    BuildScript reader([this](std::string_view name) { return job_.scope.variable(name); },
                       join_ci_path({"."}, start), scripts);
    const std::vector<CiBuild> builds = reader.read(script);
    const CiSource source = source_at(step);
    for (const CiBuild& build : builds)
      add(build, source);
    for (const CiDefinitionBuild& build : reader.definition_builds())
      add(build, source, step);
    const bool sure = runs_.value_or(false);
    for (const auto& [name, value] : reader.exported()) {
      CiText unknown;
      unknown.append_unknown("$" + name);
      exported_.insert_or_assign(name, sure ? value : unknown);
    }
  }

  // `./x` is in the workspace, and `$/x` in this repository, wherever the job checks it out. Source:
  // https://github.blog/changelog/2026-07-30-reference-same-repository-actions-with-self-repository-syntax/
  Workspace::Place place_of_action(const std::string& uses) const {
    if (uses.starts_with("$/")) return {.remote = {}, .path = {text::clean_path(uses.substr(2))}};
    return workspace_.locate(join_ci_path({"."}, text_with_expressions(job_.scope.resolve(uses))));
  }

  void read_local_action(const std::string& uses, const Value& inputs, const Value& step) {
    const auto [remote, path] = place_of_action(uses);
    if (!remote.empty() || !path.is_known() || path.text.starts_with("../")) return;
    const std::string folder = text::join_path(reading_.root, path.text);
    std::string file = text::join_path(folder, "action.yml");
    if (!reading_.options.files->exists(file)) file = text::join_path(folder, "action.yaml");
    // It may come from the job itself.
    if (!reading_.options.files->exists(file)) return;
    if (std::ranges::find(open_, file) != open_.end() || open_.size() == kDeepestAction) {
      reading_.files.fail(step.place, fmt::format("the action {} uses itself", uses), "remove this step");
      return;
    }
    const auto* const documents = reading_.files.read(file, &step.place);
    if (documents == nullptr) return;
    const Value* const runs = documents->front().find("runs");
    if (runs == nullptr) return;
    open_.push_back(file);
    read_runs(*runs, documents->front(), path.text, inputs, step);
    open_.pop_back();
  }

  void read_runs(const Value& runs, const Value& action, const std::string& folder, const Value& inputs,
                 const Value& step) {
    const std::string kind = text_of(runs, "using");
    const std::string image = text_of(runs, "image");
    if (kind == "docker" && !image.empty() && !image.starts_with("docker://")) {
      CiBuild build;
      build.values.emplace_back(BuildField::kContext, CiText{"${{ github.workspace }}/" + folder});
      build.values.emplace_back(BuildField::kFile,
                                CiText{text::join_path("${{ github.workspace }}/" + folder, image)});
      CiSource source = source_at(step);
      source.defined.front() = {DefinitionKind::kWorkflow, reading_.files.path_of(runs.place),
                                runs.place.line};
      source.defined.insert(source.defined.begin() + 1,
                            {DefinitionKind::kWorkflow, reading_.files.path_of(step.place), step.place.line});
      add(build, source);
      return;
    }
    const Value* const steps = runs.find("steps");
    if (kind != "composite" || steps == nullptr) return;
    const WorkflowJob outer = job_;
    job_.scope.set_inputs(action.find("inputs"), inputs, true);
    job_.scope.set_action(folder);
    job_.folder = ".";
    job_.shell.clear();
    job_.callers.insert(job_.callers.begin(),
                        {DefinitionKind::kWorkflow, reading_.files.path_of(step.place), step.place.line});
    // Identifiers of its steps are its own.
    const auto images = std::exchange(images_, {});
    read_steps(*steps);
    images_ = images;
    const auto exported = job_.scope.environment();
    job_ = outer;
    for (const auto& [name, value] : exported)
      exported_.insert_or_assign(name, text_with_expressions(value));
  }

  WorkflowJob job_;
  WorkflowReading& reading_;
  Workspace workspace_;
  std::map<std::string, std::vector<std::string>> images_;  // of metadata-action, by the id of its step
  BuildScript::Variables exported_;                         // by the current step, for later ones
  std::vector<std::string> open_;                           // actions that are being read
  std::optional<bool> runs_;                                // whether the current step runs
};

}  // namespace

void read_workflow_steps(const Value& steps, WorkflowJob job, WorkflowReading& reading) {
  StepReader(std::move(job), reading).read_steps(steps);
}

}  // namespace dcache::project
