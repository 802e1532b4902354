#include "dcache/workspace_settings.h"

#include <map>

namespace dcache {

void SettingsReader::read_workspace(Workspace::Options& options) {
  read("context", options.context);
  read("config", options.config);
  read("target", options.plan.target);
  read("platform", options.plan.platform);
  std::map<std::string, std::string> arguments;
  read("buildArgs", arguments);
  for (auto& [name, value] : arguments)
    options.plan.build_args.insert_or_assign(name, std::move(value));
  std::string builder;
  read("builder", builder);
  if (builder.empty()) return;
  if (const auto known = plan::builder_of(builder)) {
    options.plan.builder = *known;
  } else {
    wrong_.emplace_back("builder");
  }
}

}  // namespace dcache
