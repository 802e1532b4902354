#include "dcache/project/compose_service.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/project/cache_entry.h"
#include "dcache/project/compose_environment.h"
#include "dcache/project/compose_forms.h"
#include "dcache/project/once.h"
#include "dcache/project/option_faults.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Place;
using yaml::Value;

// Members of `x-bake` that are a list, or the words of a text.
constexpr std::array<std::string_view, 8> kWordsOfExtension = {
    "tags", "platforms", "no-cache-filter", "cache-from", "cache-to", "secret", "ssh", "output"};

// Texts of a list, or the words of a text, as `x-bake` takes them.
std::vector<std::string> words_of_extension(const Value* value) {
  std::vector<std::string> words;
  if (value == nullptr) return words;
  for (const Value& item : value->items)
    words.push_back(yaml::printed(item));
  std::string_view text = value->is_scalar() ? value->text : std::string_view();
  for (text = text::trim(text); !text.empty(); text = text::trim_left(text)) {
    const size_t end = std::min(text.find_first_of(" \t\r\n\v\f"), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::vector<std::string> texts_of_list(const Value* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  for (const Value& item : list->items)
    texts.push_back(item.text);
  return texts;
}

class ServiceReader {
 public:
  ServiceReader(const Value& service, const Value& build, ComposeModel& model, const ReadOptions& options,
                Target& target)
      : service_(service), build_(build), model_(model), options_(options), target_(target) {}

  bool read(const std::string& name) {
    if (!check_compose_build(build_, model_) || model_.has_failed(build_)) return false;
    read_files();
    read_args();
    read_contexts(build_.find("additional_contexts"));
    read_outputs();
    read_labels();
    add_reference(name);
    read_run();
    read_inputs();
    read_extension();
    sort_needs();
    return fine_;
  }

 private:
  void fail(Place place, std::string message, std::string remedy = {}) {
    fine_ = false;
    model_.fail(place, std::move(message), std::move(remedy));
  }

  void sort_needs() {
    std::ranges::sort(target_.needs);
    const auto repeated = std::ranges::unique(target_.needs);
    target_.needs.erase(repeated.begin(), repeated.end());
  }

  // A text with what is unknown of it.
  std::string text_of(const char* name) {
    const Value* const value = build_.find(name);
    if (value == nullptr) return {};
    note_unset(name, value->place);
    return value->text;
  }

  void note_unset(const std::string& name, Place place) {
    const auto unset = model_.unset.find(place);
    if (unset == model_.unset.end()) return;
    target_.unknown.push_back({name, fmt::format("uses {}, which is not set", fmt::join(unset->second, ", ")),
                               name.starts_with("args.")});
  }

  void read_files() {
    if (std::string context = text_of("context"); !context.empty()) target_.context = std::move(context);
    if (text::is_absolute(target_.context)) target_.context = text::clean_path(target_.context);
    std::string dockerfile = text_of("dockerfile");
    std::string text = text_of("dockerfile_inline");
    if (!dockerfile.empty() && !text.empty())
      fail(build_.find("dockerfile_inline")->place, "'dockerfile' and 'dockerfile_inline' are both here",
           "remove one of them");
    if (!dockerfile.empty()) target_.dockerfile = std::move(dockerfile);
    if (!text.empty()) target_.dockerfile_inline = std::move(text);
    target_.target = text_of("target");
  }

  void read_args() {
    for (ComposePair& arg : compose_pairs(build_.find("args"))) {
      if (arg.name.ends_with(' ') || arg.name.ends_with('\t'))
        fail(arg.place, fmt::format("the name of the build argument '{}' ends with a space", arg.name));
      const std::string name = "args." + arg.name;
      if (arg.value) {
        note_unset(name, arg.place);
      } else {
        arg.value = value_outside(arg.name);
      }
      if (arg.value) target_.args[arg.name] = *std::move(arg.value);
    }
  }

  // The value of an argument that has none.
  std::optional<std::string> value_outside(const std::string& name) {
    const Value* const given = service_.find("environment");
    if (given != nullptr && model_.has_failed(*given)) fine_ = false;
    if (!environment_) environment_.emplace(service_, target_.folder, model_, options_);
    auto value = environment_->find(name);
    if (value) return value;
    // CI may set it, as a variable in the text of a value.
    const std::vector<std::string>& missing = environment_->missing();
    for (const std::string& file : missing)
      target_.unknown.push_back({"args." + name, fmt::format("may be set in {}, which is not there", file)});
    if (missing.empty()) target_.unknown.push_back({"args." + name, "has no value in the environment"});
    return std::nullopt;
  }

  void read_contexts(const Value* contexts) {
    constexpr std::string_view kService = "service:";
    for (ComposePair& context : compose_pairs(contexts)) {
      note_unset("contexts." + context.name, context.place);
      if (!context.value)
        fail(context.place, "an additional context is not NAME=FOLDER", "write NAME=FOLDER");
      std::string value = context.value.value_or("");
      if (value.empty()) continue;
      const bool service = value.starts_with(kService);
      if (service || value.starts_with(kTargetScheme)) {
        const std::string name = compose_target_name(value.substr(value.find(':') + 1));
        value = std::string(kTargetScheme) + name;
        target_.needs.push_back(name);
      }
      target_.contexts[context.name] = std::move(value);
    }
  }

  void read_outputs() {
    add_once(target_.platforms, texts_of_list(build_.find("platforms")));
    check_platforms(build_.find("platforms"));
    const Value* const platform = service_.find("platform");
    if (platform != nullptr && platform->is_text() && target_.platforms.empty())
      target_.platform = platform->text;
    add_once(target_.tags, texts_of_list(build_.find("tags")));
    const Value* const image = service_.find("image");
    if (image != nullptr && model_.required.contains(image->place)) {
      target_.unknown.push_back(
          {"tags", fmt::format("can't be told: {}", model_.required.at(image->place)), false});
    } else if (target_.tags.empty() && image != nullptr && image->is_text()) {
      add_once(target_.tags, {image->text});
    }
    add_caches(build_.find("cache_from"), target_.cache_from);
    add_caches(build_.find("cache_to"), target_.cache_to);
    if (const Value* const no_cache = build_.find("no_cache")) target_.no_cache = yaml::is_true(*no_cache);
  }

  // A variable without a value may be what is missing of one.
  void check_platforms(const Value* platforms) {
    if (platforms == nullptr) return;
    for (const Value& item : platforms->items) {
      if (item.text.empty() || model_.unset.contains(item.place)) continue;
      std::string fault = fault_of_platforms(item.text);
      if (!fault.empty()) fail(item.place, std::move(fault), "write one such as linux/amd64");
    }
  }

  void read_labels() {
    for (ComposePair& label : compose_pairs(build_.find("labels"))) {
      note_unset("labels", label.place);
      target_.labels[label.name] = std::move(label.value).value_or("");
    }
  }

  // Compose tags what it builds with the `image`, or else with a name that it makes.
  // Source: GetImageNameOrDefault in https://github.com/docker/compose/blob/main/pkg/api/api.go
  void add_reference(const std::string& service) {
    const Value* const image = service_.find("image");
    const bool named = image != nullptr && image->is_text() && !image->text.empty();
    if (named && model_.required.contains(image->place)) return;
    target_.references.push_back(named ? image->text : fmt::format("{}-{}", model_.name, service));
  }

  void add_caches(const Value* list, std::vector<std::string>& caches) {
    if (list == nullptr) return;
    std::vector<std::string> entries;
    for (const Value& item : list->items)
      add_cache(item.text, item.place, entries);
    add_once(caches, std::move(entries));
  }

  void add_cache(const std::string& text, Place place, std::vector<std::string>& caches) {
    auto entries = cache_entries_of(text);
    if (entries) {
      std::ranges::move(*entries, std::back_inserter(caches));
    } else {
      fail(place, entries.error(), "write type=TYPE,KEY=VALUE");
    }
  }

  void read_run() {
    plan::RunOptions& run = target_.run;
    const Value* const network = build_.find("network");
    if (network != nullptr && network->text != "default") run.network = network->text;
    if (const Value* const size = build_.find("shm_size")) run.shm_size = yaml::printed(*size);
    if (const Value* const hosts = build_.find("extra_hosts")) read_hosts(*hosts);
    const Value* const limits = build_.find("ulimits");
    if (limits == nullptr) return;
    for (const Member& limit : limits->members)
      read_limit(limit);
  }

  // What the builder is given in addition to the files. A secret is only named here.
  void read_inputs() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOthers = {
        {{"secrets", "secrets"},
         {"entitlements", "allow"},
         {"privileged", "allow"},
         {"provenance", "provenance"},
         {"sbom", "sbom"},
         {"isolation", "isolation"}}};
    for (const auto& [member, input] : kOthers) {
      const Value* const value = build_.find(member);
      if (value != nullptr && !value->is_null()) add_once(target_.other_inputs, {std::string(input)});
    }
    if (const Value* const pull = build_.find("pull")) target_.pull = yaml::is_true(*pull);
    for (const ComposePair& key : compose_pairs(build_.find("ssh")))
      target_.ssh.push_back(key.value ? fmt::format("{}={}", key.name, *key.value) : key.name);
  }

  void read_hosts(const Value& hosts) {
    std::vector<std::string>& to = target_.run.add_hosts;
    const auto add = [&](const std::string& name, std::string_view address) {
      if (address.size() > 2 && address.starts_with('[') && address.ends_with(']'))
        address = address.substr(1, address.size() - 2);
      to.push_back(fmt::format("{}={}", name, address));
    };
    for (const Value& item : hosts.items) {
      const size_t equals = item.text.find('=');
      const size_t split = equals == std::string::npos ? item.text.find(':') : equals;
      if (split == std::string::npos || split == 0) {
        fail(item.place, fmt::format("the host '{}' has no address", item.text), "write NAME=ADDRESS");
      } else {
        add(item.text.substr(0, split), std::string_view(item.text).substr(split + 1));
      }
    }
    for (const Member& member : hosts.members) {
      if (member.value.is_text()) add(member.name, member.value.text);
      for (const Value& item : member.value.items)
        add(member.name, item.text);
    }
  }

  void read_limit(const Member& limit) {
    const Value* const soft = limit.value.is_map() ? limit.value.find("soft") : &limit.value;
    const Value* const hard = limit.value.is_map() ? limit.value.find("hard") : &limit.value;
    target_.run.ulimits.push_back(
        fmt::format("{}={}:{}", limit.name, yaml::printed(*soft), yaml::printed(*hard)));
  }

  // What Compose has no keys for.
  // Source: https://docs.docker.com/build/bake/compose-file/#extension-field-with-x-bake
  void read_extension() {
    const Value* const bake = build_.find("x-bake");
    if (bake == nullptr || bake->is_null()) return;
    if (!bake->is_map()) {
      fail(bake->place, "'x-bake' is not a map");
      return;
    }
    for (const Member& member : bake->members) {
      const bool is_words = member.value.is_map() && text::is_one_of(member.name, kWordsOfExtension);
      if (is_words)
        fail(member.value.place, fmt::format("'{}' of 'x-bake' is a map", member.name), "write a list");
    }
    add_once(target_.tags, words_of_extension(bake->find("tags")));
    add_once(target_.platforms, words_of_extension(bake->find("platforms")));
    add_once(target_.no_cache_filter, words_of_extension(bake->find("no-cache-filter")));
    add_words(bake->find("cache-from"), target_.cache_from);
    add_words(bake->find("cache-to"), target_.cache_to);
    add_once(target_.secrets, words_of_extension(bake->find("secret")));
    add_once(target_.ssh, words_of_extension(bake->find("ssh")));
    if (bake->find("output") != nullptr) add_once(target_.other_inputs, {"outputs"});
    if (const Value* const pull = bake->find("pull"); pull != nullptr && pull->is_scalar())
      target_.pull = yaml::is_true(*pull);
    const Value* const no_cache = bake->find("no-cache");
    if (no_cache != nullptr && no_cache->is_scalar()) target_.no_cache = yaml::is_true(*no_cache);
    const Value* const contexts = bake->find("contexts");
    if (contexts != nullptr && contexts->is_map()) read_contexts(contexts);
  }

  void add_words(const Value* list, std::vector<std::string>& caches) {
    std::vector<std::string> entries;
    for (const std::string& cache : words_of_extension(list))
      add_cache(cache, list->place, entries);
    add_once(caches, std::move(entries));
  }

  const Value& service_;
  const Value& build_;
  ComposeModel& model_;
  const ReadOptions& options_;
  Target& target_;
  std::optional<ComposeEnvironment> environment_;
  bool fine_ = true;
};

bool is_target_name(std::string_view name) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !name.empty() && name.find_first_not_of(kCharacters) == std::string_view::npos;
}

}  // namespace

std::string compose_target_name(std::string service) {
  std::ranges::replace(service, '.', '_');
  return service;
}

std::optional<Target> read_compose_service(const std::string& name, const Value& service,
                                           const std::string& folder, ComposeModel& model,
                                           const ReadOptions& options) {
  const Value* const build = service.find("build");
  if (build == nullptr) return std::nullopt;
  Target target;
  target.name = compose_target_name(name);
  target.folder = folder;
  if (!is_target_name(target.name)) {
    model.fail(service.place, fmt::format("'{}' is not a name for a service", name),
               "use letters, digits, '.', '-' and '_'");
    return std::nullopt;
  }
  if (!build->is_map()) {
    model.fail(build->place, fmt::format("'build' is {}", yaml::words_of(build->kind)),
               "write the folder of the context, or a map with 'context'");
    return std::nullopt;
  }
  if (!ServiceReader(service, *build, model, options, target).read(name)) return std::nullopt;
  return target;
}

}  // namespace dcache::project
