// Whether the folder that is taken for the build context is the context.
//
// `docker build -f docker/Dockerfile .` takes its files from another folder than the Dockerfile's own, and a
// Dockerfile may be all that there is. A folder that lacks what the steps read is not the context: what is in
// it says nothing about the build, and nothing should be written there.
#pragma once

#include <string_view>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// The files around the Dockerfile if they may be those of the context; null where they are not known, or
// where the folder is a guess and lacks most of what the steps name.
const lint::BuildContext* likely_context(lint::Dockerfile& dockerfile);

// Whether files may be written to that folder: it is known to be the context, contains what the steps name,
// or is the root of the repository. Below the root a Dockerfile that copies everything may be meant for any
// folder above it.
bool may_write_to_context(lint::Dockerfile& dockerfile);

// Whether the context contains a file of that name in any folder. The name may be a pattern: "*.csproj".
bool holds_any(const lint::BuildContext& context, std::string_view name);

// Whether the name of a manifest, or a pattern or folder among them, means a path: "gradle" for
// "api/gradle/wrapper/x.jar".
bool is_manifest_of(const PackageManager& manager, std::string_view path);

// Whether a RUN of the stage downloads sources, so that manifests need not come from the context.
bool downloads_sources(lint::Dockerfile& dockerfile, const plan::Stage& stage);

}  // namespace dcache::rules
