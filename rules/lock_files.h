// Lock files: those that installs fail without, and those that they may write.
#pragma once

#include <span>
#include <string_view>

#include "dcache/lint/build_facts.h"
#include "rules/install_manifests.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// The lock files of which the install needs one, the usual one first; none if it works without. `step` is
// null where its variables are not asked for.
Words needed_locks(const Use& use, const plan::Step* step);

// The lock file that the install needs and that is not among the manifests of its folder; empty for none.
std::string_view missing_lock(const lint::BuildContext& context, const Use& use, const plan::Step& step,
                              const InstallManifests& manifests);

// Whether the lock file in the context is what the install leaves, so that a COPY of the sources after it
// changes nothing: the install never writes one, there is none, or the one that is there fits the manifest.
// `folder` is the one that it works in, of the context, rooted.
bool keeps_lock(const lint::BuildContext& context, const Use& use, const plan::Step& step,
                std::string_view folder);

}  // namespace dcache::rules
