// Who needs what a package manager keeps in a folder, besides the RUN that fills it: what decides whether a
// cache mount may take that folder out of the layers.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "dcache/lint/dockerfile.h"
#include "rules/edits.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// Whether a COPY brings something at or below the target. Of what it takes from a stage or an image only the
// folder tells, unless that is the root.
bool may_put_files(lint::Dockerfile& dockerfile, const plan::Step& step, std::string_view target);

// Whether the stage, or one that it starts from, has put files at `target` or below it before the RUN: a
// mount there would hide them.
bool hides_files(lint::Dockerfile& dockerfile, const lint::Run& run, std::string_view target);

// Whether a command of the RUN other than the package manager's, as far as `removal` leaves it, does
// something with `target`, a folder around it or something in it: on a mount it may fail, or its work would
// be shared.
bool is_touched(const plan::Step& step, const lint::Run& run, const PackageManager& manager,
                std::string_view target, const Removal& removal);

// Whether nothing can be downloaded in the RUN.
bool is_without_network(const lint::Run& run);

struct LaterNeeds {
  const PackageManager* manager = nullptr;
  bool used_from = false;  // packages are used from one of the folders
  // Whether a RUN that calls the package manager finds its folders again. Asked once for each RUN.
  std::function<bool(const lint::Run& run)> has_mount;
};

// What may need the folders after the RUN: a later step of the stage or of one that starts from it, or what
// the image runs. In words for a message ("line 7"); empty if nothing does.
std::string needed_later(lint::Dockerfile& dockerfile, const lint::Run& run, const LaterNeeds& needs);

// What may take something from the folder after the RUN in another way than by calling the package manager: a
// RUN that copies or uses files of it, a COPY or a command of the image that names it. In words as above; all
// stages count.
std::string taken_later(lint::Dockerfile& dockerfile, const lint::Run& run, std::string_view folder);

// The first command of the RUN, as far as `removal` leaves it, that may do something with the folder, a
// folder around it or something in it, the calls of package managers apart. Null if all are known not to.
const shell::Command* find_command_near(lint::Dockerfile& dockerfile, const lint::Run& run,
                                        std::string_view folder, const Removal& removal);

// Whether root is known to run a step: USER says so, or nothing does and the base image is an official one.
bool has_root_user(lint::Dockerfile& dockerfile, const plan::Step& step);

}  // namespace dcache::rules
