// What a RUN does besides the install of a project's dependencies: what has to stay with the install if that
// moves above the sources, and what must not be in a later layer than the install.
#pragma once

#include <optional>
#include <string>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// How many commands at the start of the RUN belong to the install, which is the first of them: those right
// after it that only look at its result (`go mod verify`) or empty caches. They read nothing that `copy`
// brings but manifests.
size_t count_with_install(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use,
                          const plan::Step& copy);

// Whether the RUN can be split into two before the command: all of its commands are one list of `&&`, and
// only that is between the command and the one before it.
bool can_split_before(const lint::Run& run, const dockerfile::File& file, size_t index);

// Whether the RUN fails if the command does, as far as the commands after it tell.
bool fails_with(const lint::Run& run, const shell::Command& command);

// A command after the install that takes something of what it brought out of the image, or writes all of it
// again (`chown -R`): in a later layer the image keeps both.
struct TakenAway {
  const shell::Command* command = nullptr;  // null for none
  bool sure = false;
  bool of_cache = false;  // it empties a cache, which can be done with the install as well
};
// Looks from the command with that index on. Nothing in a stage whose layers reach no image.
TakenAway taken_away_by_rest(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use,
                             size_t first);

}  // namespace dcache::rules
