// What a COPY or an ADD writes, file by file.
#pragma once

#include <optional>
#include <vector>

#include "dcache/cache/keys.h"
#include "dcache/context/snapshot.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

// The files with the paths that they get in the image ("app/main.c"), their owner and mode being part of
// their hash. `into_folder` says that the destination is a folder, so that a single file keeps its name
// there. Nothing where that is not known before the build: of files of another stage or of an image, of
// remote files, and of archives that ADD unpacks.
std::optional<std::vector<context::Record>> copied_files(const plan::Step& copy, const StepKeys& keys,
                                                         bool into_folder);

// Whether the destination is written as a folder: with a slash at its end.
bool names_folder(const plan::Step& copy);
// Whether it copies a file by itself to a destination that is not written as a folder. If a folder of that
// name exists already, the file is placed in it, and else it gets that name.
bool places_single_files(const plan::Step& copy, const StepKeys& keys);

// Whether it has a --chmod such as "u+x", with which files of different modes can come out the same.
bool changes_modes_by_letters(const plan::Step& copy);

}  // namespace dcache::cache
