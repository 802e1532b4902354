// What dcache would change in the Dockerfiles of images, by the commits that are replayed.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/patches.h"
#include "cli/replaying.h"
#include "cli/selection.h"
#include "dcache/context/file_system.h"
#include "dcache/observe/durations.h"
#include "dcache/optimize/optimize.h"

namespace dcache::cli {

struct ProposalFlags {
  uint32_t least_gain = 1;
  bool unsafe_fixes = false;
};
// `build` gets the configuration.
void add_proposal_options(Command& command, ProposalFlags& flags, BuildFlags& build);

// One proposal for each Dockerfile that images of the selection are built from. Says on standard error what
// can't be worked out, and sets `failed` then.
std::vector<optimize::Proposal> propose(const ProposalFlags& flags, const Replayer& replayer,
                                        const observe::Durations& durations, const Selection& selection,
                                        bool& failed);

// What a proposal changes. A file that is among `shown` already is left out, since two Dockerfiles may have
// one.
std::vector<FileChange> changes_of(const optimize::Proposal& proposal, std::set<std::string>& shown);

}  // namespace dcache::cli
