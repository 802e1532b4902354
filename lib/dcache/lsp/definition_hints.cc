// What a compose or bake file does not say itself: the default value of a build argument, and the value that
// a service has in place of the one from the service that it extends.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/lsp/definition_features.h"
#include "dcache/project/yaml.h"
#include "dcache/report/style.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;
namespace yaml = project::yaml;

constexpr size_t kLongestHint = 60;

using Defaults = std::map<std::string, std::string, std::less<>>;

// Of the ARGs of a Dockerfile that have a default, the first of each name.
Defaults defaults_of(const editor::Workspace::ParsedDockerfile& parsed) {
  Defaults all;
  for (const dockerfile::Instruction& one : parsed.file.instructions()) {
    if (one.keyword != dockerfile::Keyword::kArg) continue;
    for (const dockerfile::Word& word : one.arguments) {
      const std::string_view text = word.span.of(parsed.file.source());
      const size_t equals = text.find('=');
      if (equals != std::string_view::npos)
        all.emplace(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
    }
  }
  return all;
}

class Hints {
 public:
  Hints(const DefinitionRequest& request, Span range)
      : request_(request), range_(range), images_(request.workspace(), request.document.path) {}

  json run() {
    for (const Mention& one : mentions_of(request_.document.path, request_.positions.text())) {
      if (one.kind == Mention::Kind::kArgument && is_wanted(one.whole.end)) add_default(one);
    }
    if (is_compose(request_.document.path)) {
      for (const yaml::Value& document : yaml::parse(request_.positions.text(), {}).values)
        visit(document);
    }
    return std::move(hints_);
  }

 private:
  using Members = std::map<std::string_view, const yaml::Value*>;

  bool is_wanted(uint32_t offset) const { return range_.begin <= offset && offset <= range_.end; }

  void add(uint32_t offset, std::string_view what, std::string_view value) {
    const std::string label =
        fmt::format("{}: {}", what, report::shortened(report::printable(value), kLongestHint));
    if (!known_.emplace(offset, label).second) return;  // of an anchor that several services use
    hints_.push_back(
        {{"position", request_.positions.position_of(offset)}, {"label", label}, {"paddingLeft", true}});
  }

  void add_default(const Mention& argument) {
    const project::Image* image = images_.find(argument.image);
    if (image == nullptr) return;
    auto known = defaults_.find(image->build.dockerfile);
    if (known == defaults_.end()) {
      const auto parsed = dockerfile_of(request_.workspace(), image);
      known = defaults_.emplace(image->build.dockerfile, parsed ? defaults_of(*parsed) : Defaults()).first;
    }
    const auto found = known->second.find(argument.name);
    if (found != known->second.end()) add(argument.whole.end, "default", found->second);
  }

  static Members members_of(const yaml::Value& map) {
    Members all;
    for (const yaml::Member& member : map.members)
      all.emplace(member.name, &member.value);
    return all;
  }

  // The service that one extends, if it is one of the file.
  static const yaml::Value* base_of(const yaml::Value& service, const Members& services) {
    const yaml::Value* extends = service.find("extends");
    if (extends == nullptr || extends->find("file") != nullptr) return nullptr;
    const yaml::Value* name = extends->is_map() ? extends->find("service") : extends;
    const auto found = name == nullptr ? services.end() : services.find(name->text);
    return found == services.end() ? nullptr : found->second;
  }

  void visit(const yaml::Value& document) {
    const yaml::Value* all = document.find("services");
    if (all == nullptr) return;
    const Members services = members_of(*all);
    constexpr int kMostBases = 10;
    for (const yaml::Member& service : all->members) {
      std::set<const yaml::Value*> told;
      const yaml::Value* base = base_of(service.value, services);
      for (int i = 0; base != nullptr && base != &service.value && i < kMostBases; ++i) {
        compare(service.value, *base, told);
        base = base_of(*base, services);
      }
    }
  }

  // Scalars that replace others; the nearest base counts.
  void compare(const yaml::Value& map, const yaml::Value& base, std::set<const yaml::Value*>& told) {
    const Members under = members_of(base);
    for (const yaml::Member& member : map.members) {
      const auto replaced = under.find(member.name);
      if (replaced == under.end() || member.name == "extends") continue;
      if (member.value.is_map() && replaced->second->is_map()) compare(member.value, *replaced->second, told);
      if (!member.value.is_scalar() || !replaced->second->is_scalar()) continue;
      const uint32_t line = member.value.place.line;
      const Span span = request_.positions.line(line == 0 ? 0 : line - 1);
      if (line > 0 && is_wanted(span.end) && told.insert(&member.value).second)
        add(span.end, "replaces", replaced->second->text);
    }
  }

  const DefinitionRequest& request_;
  Span range_;
  DefinedImages images_;
  std::map<std::string, Defaults, std::less<>> defaults_;  // by Dockerfile
  std::set<std::pair<uint32_t, std::string>> known_;
  json hints_ = json::array();
};

}  // namespace

json definition_hints(const DefinitionRequest& request, Span range) {
  return Hints(request, range).run();
}

}  // namespace dcache::lsp
