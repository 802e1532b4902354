#include "dcache/project/compose_checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "dcache/plan/values.h"
#include "dcache/project/compose_forms.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Value;

// The form of a member of a service.
enum class ServiceForm : uint8_t {
  kImage,        // text
  kSwitch,       // true or false
  kAmount,       // a number
  kTexts,        // if it is a list, one of texts
  kEntries,      // if it is a list, one of texts and maps
  kExposed,      // if it is a list, one of texts and numbers
  kNeeds,        // a list of services, or a map with more about each
  kEnvironment,  // a list of NAME=VALUE, or a map
  kEnvFiles,     // a file, or a list of them
  kPorts,
  kUlimits,
};

struct ServiceMember {
  std::string_view name;
  ServiceForm form;
};

constexpr std::array<ServiceMember, 41> kServiceMembers = {{
    {"annotations", ServiceForm::kTexts},
    {"cap_add", ServiceForm::kTexts},
    {"cap_drop", ServiceForm::kTexts},
    {"configs", ServiceForm::kEntries},
    {"cpu_count", ServiceForm::kAmount},
    {"cpu_percent", ServiceForm::kAmount},
    {"cpu_period", ServiceForm::kAmount},
    {"cpu_quota", ServiceForm::kAmount},
    {"cpu_rt_period", ServiceForm::kAmount},
    {"cpu_rt_runtime", ServiceForm::kAmount},
    {"cpu_shares", ServiceForm::kAmount},
    {"cpus", ServiceForm::kAmount},
    {"depends_on", ServiceForm::kNeeds},
    {"devices", ServiceForm::kEntries},
    {"dns", ServiceForm::kTexts},
    {"dns_opt", ServiceForm::kTexts},
    {"dns_search", ServiceForm::kTexts},
    {"env_file", ServiceForm::kEnvFiles},
    {"environment", ServiceForm::kEnvironment},
    {"expose", ServiceForm::kExposed},
    {"image", ServiceForm::kImage},
    {"init", ServiceForm::kSwitch},
    {"labels", ServiceForm::kTexts},
    {"links", ServiceForm::kTexts},
    {"models", ServiceForm::kTexts},
    {"networks", ServiceForm::kTexts},
    {"oom_kill_disable", ServiceForm::kSwitch},
    {"oom_score_adj", ServiceForm::kAmount},
    {"pids_limit", ServiceForm::kAmount},
    {"ports", ServiceForm::kPorts},
    {"privileged", ServiceForm::kSwitch},
    {"profiles", ServiceForm::kTexts},
    {"read_only", ServiceForm::kSwitch},
    {"scale", ServiceForm::kAmount},
    {"secrets", ServiceForm::kEntries},
    {"stdin_open", ServiceForm::kSwitch},
    {"sysctls", ServiceForm::kTexts},
    {"tmpfs", ServiceForm::kTexts},
    {"tty", ServiceForm::kSwitch},
    {"ulimits", ServiceForm::kUlimits},
    {"volumes", ServiceForm::kEntries},
}};

class DocumentCheck {
 public:
  explicit DocumentCheck(ComposeModel& model) : model_(model) {}

  void check(const Value& root) {
    for (const std::string_view name : {"configs", "networks", "secrets", "volumes"}) {
      if (const Value* const resources = root.find(name)) check_resources(name, *resources);
    }
    const Value* const services = root.find("services");
    if (services == nullptr) return;
    for (const Member& service : services->members) {
      for (const Member& member : service.value.members)
        check_member(service.name, member);
    }
  }

 private:
  void check_resources(std::string_view name, const Value& resources) {
    if (resources.is_null()) return;
    if (!resources.is_map())
      return model_.fail(resources.place,
                         fmt::format("'{}' is {}, not a map", name, yaml::words_of(resources.kind)));
    const bool may_be_empty = name == "networks" || name == "volumes";
    for (const Member& member : resources.members) {
      const bool fits = member.value.is_map() || (may_be_empty && member.value.is_null());
      if (!fits)
        model_.fail(member.place, fmt::format("'{}' of '{}' is {}, not a map", member.name, name,
                                              yaml::words_of(member.value.kind)));
    }
  }

  void check_member(const std::string& service, const Member& member) {
    const auto* const known =
        std::ranges::lower_bound(kServiceMembers, member.name, {}, &ServiceMember::name);
    if (known == kServiceMembers.end() || known->name != member.name || is_open(member.value)) return;
    const std::string fault = fault_of(member.value, known->form);
    if (fault.empty()) return;
    const bool may_be_quoted = member.value.is_scalar() && !member.value.is_text();
    model_.fail(member.value.place, fmt::format("'{}' of the service '{}' {}", member.name, service, fault),
                may_be_quoted ? "put it in quotes" : "");
  }

  // Whether a variable that it uses has no value here.
  bool is_open(const Value& value) const {
    return value.is_text() && (model_.unset.contains(value.place) || model_.required.contains(value.place) ||
                               model_.failed.contains(value.place));
  }

  // The first element that is wrong, in words.
  template <typename Good>
  std::string fault_of_items(const Value& list, const Good& good) const {
    for (const Value& item : list.items) {
      if (good(item) || is_open(item)) continue;
      return item.is_text() ? fmt::format("has '{}', which does not fit", item.text)
                            : fmt::format("has an element that is {}", yaml::words_of(item.kind));
    }
    return {};
  }

  std::string fault_of_members(const Value& map, const auto& good) const {
    for (const Member& member : map.members) {
      if (!good(member.value) && !is_open(member.value))
        return fmt::format("has '{}', which is {}", member.name, yaml::words_of(member.value.kind));
    }
    return {};
  }

  std::string fault_of(const Value& value, ServiceForm form) const {
    const auto is_text = [](const Value& one) { return one.is_text(); };
    const auto is_entry = [](const Value& one) { return one.is_text() || one.is_map(); };
    switch (form) {
      case ServiceForm::kImage:
        return value.is_text() ? "" : fmt::format("is {}, not text", yaml::words_of(value.kind));
      case ServiceForm::kSwitch:
        return !value.is_text() || is_compose_switch(value, model_) ? "" : "is not true or false";
      case ServiceForm::kAmount:
        return !value.is_text() || is_number(value.text) ? "" : "is not a number";
      case ServiceForm::kTexts:
        return fault_of_items(value, is_text);
      case ServiceForm::kEntries:
        return fault_of_items(value, is_entry);
      case ServiceForm::kExposed:
        return fault_of_items(value, [](const Value& one) { return one.is_scalar(); });
      case ServiceForm::kNeeds:
        if (value.is_list()) return fault_of_items(value, is_text);
        if (value.is_map()) return fault_of_members(value, [](const Value& one) { return one.is_map(); });
        return "is not a list of services, or a map of them";
      case ServiceForm::kEnvironment:
        if (value.is_list()) return fault_of_items(value, is_text);
        if (value.is_map())
          return fault_of_members(value, [](const Value& one) { return one.is_null() || one.is_scalar(); });
        return "is not a map, or a list of NAME=VALUE";
      case ServiceForm::kEnvFiles:
        if (value.is_list()) return fault_of_items(value, is_entry);
        return value.is_text() ? "" : "is not a file, or a list of files";
      case ServiceForm::kPorts:
        return value.is_list() ? fault_of_items(value, [&](const Value& one) { return is_port(one); })
                               : "is not a list";
      case ServiceForm::kUlimits:
        break;
    }
    for (const Member& limit : value.members) {
      if (std::string fault = fault_of_compose_limit(limit, model_); !fault.empty())
        return "has a fault: " + fault;
    }
    return {};
  }

  static bool is_number(std::string_view text) {
    double number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc() && end == text.data() + text.size();
  }

  // "80", "127.0.0.1:8080:80/tcp", or a map with `target`.
  bool is_port(const Value& port) const {
    if (port.is_text()) return plan::is_exposable(port.text);
    const Value* const target = port.find("target");
    return port.kind == Kind::kInteger ||
           (target != nullptr && (target->kind == Kind::kInteger || is_open(*target) ||
                                  (target->is_text() && plan::read_whole(target->text))));
  }

  ComposeModel& model_;
};

}  // namespace

void check_compose_document(const Value& root, ComposeModel& model) {
  DocumentCheck(model).check(root);
}

}  // namespace dcache::project
