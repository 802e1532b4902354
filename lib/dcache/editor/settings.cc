#include "dcache/editor/settings.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dcache/plan/values.h"
#include "dcache/text/suggest.h"

namespace dcache::editor {

void SettingsReader::read_workspace(Workspace::Options& options) {
  read("context", options.context);
  read("config", options.config);
  read("target", options.plan.target);
  std::string platform;
  read("platform", platform);
  if (plan::is_platform(platform)) {
    options.plan.platform = std::move(platform);
  } else if (!platform.empty()) {
    wrong_.push_back({"platform", "OS/ARCHITECTURE, such as linux/amd64 or linux/arm/v7"});
  }
  std::map<std::string, std::string> arguments;
  read("buildArgs", arguments);
  for (auto& [name, value] : arguments)
    options.plan.build_args.insert_or_assign(name, std::move(value));
  std::string builder;
  read("builder", builder);
  if (builder.empty()) return;
  if (const auto known = plan::builder_of(builder)) {
    options.builder = *known;
  } else {
    wrong_.push_back({"builder", "buildkit, classic or buildah"});
  }
}

std::string SettingsReader::complaint() const {
  if (!wrong_.empty()) return fmt::format("\"{}\" must be {}", wrong_.front().name, wrong_.front().expected);
  if (!given_.is_object()) return "";
  for (const auto& [name, value] : given_.items()) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    return fmt::format(
        "unknown member \"{}\"; {}", name,
        text::did_you_mean(name, known_, fmt::format("known are {}", fmt::join(known_, ", "))));
  }
  return "";
}

}  // namespace dcache::editor
