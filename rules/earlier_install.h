// The fix that installs the dependencies of a project before its sources are copied.
#pragma once

#include <optional>
#include <vector>

#include "dcache/lint/diagnostic.h"
#include "dcache/lint/dockerfile.h"
#include "rules/install_manifests.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// Whether nothing that runs is between the COPY and the RUN.
bool are_neighbours(const plan::Graph& graph, const BroadCopy& copy, const lint::Run& run);

// Whether no step between the COPY and the RUN can need the files.
bool can_wait(const plan::Graph& graph, const BroadCopy& copy, const lint::Run& run);

// Whether a comment that commands a linter or BuildKit's checks is right above the instruction.
bool is_commanded_above(const dockerfile::File& file, const dockerfile::Instruction& instruction);

// Copies the manifests in the place of the COPY, and the rest after the install, which moves up or is made
// twice: once without the sources, and then as it is. `copies` are those above the RUN, and `manifests` what
// find_manifests() says of the folder that it works in. Nothing where it is not known what the install reads.
std::optional<lint::Fix> install_earlier(lint::Dockerfile& dockerfile, const lint::BuildContext& context,
                                         const std::vector<const plan::Step*>& copies, const BroadCopy& copy,
                                         const lint::Run& run, const Use& use,
                                         const InstallManifests& manifests);

}  // namespace dcache::rules
