// What can be asked about a compose or bake file and answered at once.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/lsp/feature.h"
#include "dcache/lsp/mentions.h"

namespace dcache::lsp {

using DefinitionRequest = TextRequest;

std::span<const Feature<DefinitionRequest>> definition_features();

// Whether a text is one of compose, or a bake file in JSON; if neither it is one in HCL.
bool is_compose(const std::string& path);
bool is_bake_json(const std::string& path);

// The images that a file and those next to it define, as they are built.
class DefinedImages {
 public:
  DefinedImages(const editor::Workspace& workspace, const std::string& path);

  // The one that the file calls so; null if there is none, or if it can't be read so far.
  const project::Image* find(const std::string& name) const;
  const project::Project& project() const { return *project_; }

 private:
  std::shared_ptr<const project::Project> project_;
  std::map<std::string, const project::Image*, std::less<>> by_name_;
};

// Of an image that is built from a file which may be read; null for none.
std::shared_ptr<const editor::Workspace::ParsedDockerfile> dockerfile_of(const editor::Workspace& workspace,
                                                                         const project::Image* image);

// Those that mean the same thing of this file as what is at the offset.
std::vector<Mention> same_mentions(const DefinitionRequest& request);
// What is at the offset, other than a name that hides another one.
std::optional<Mention> mention_at(const DefinitionRequest& request);

// The protocol's Diagnostics: what can't be read of the file, what its images lack (a Dockerfile, a stage, a
// build argument), and which rules find fault with their Dockerfiles.
nlohmann::json definition_findings(const editor::Workspace& workspace, const std::string& path,
                                   const Positions& positions);
// The CodeActions for those that touch the range: a name that is much the same in place of a wrong one.
nlohmann::json definition_actions(const DefinitionRequest& request, const nlohmann::json& findings);

// The protocol's CompletionItems: keys, names, stages, build arguments, Dockerfiles, values, functions.
nlohmann::json definition_completions(const DefinitionRequest& request, uint32_t offset);

// The protocol's InlayHints in a range: the default value of each build argument, and what a service has in
// place of the value of the one that it extends.
nlohmann::json definition_hints(const DefinitionRequest& request, text::Span range);

Answer definition_hover(const DefinitionRequest& request);
Answer definition_symbols(const DefinitionRequest& request);
Answer definition_folds(const DefinitionRequest& request);
Answer definition_selections(const DefinitionRequest& request);
Answer prepare_mention_rename(const DefinitionRequest& request);
Answer rename_mention(const DefinitionRequest& request);
Answer format_definition(const DefinitionRequest& request);
Answer format_definition_range(const DefinitionRequest& request);
Answer format_typed_definition(const DefinitionRequest& request);
Answer definition_tokens(const DefinitionRequest& request);
Answer definition_tokens_of_range(const DefinitionRequest& request);
Answer definition_signature(const DefinitionRequest& request);

}  // namespace dcache::lsp
