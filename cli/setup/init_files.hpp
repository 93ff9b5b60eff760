#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/output/context.hpp"
#include "cli/setup/init_text.hpp"

namespace cdctl::cli {

/// A file that `init` is to make.
struct NewFile {
  std::filesystem::path path;
  std::string text;
  unsigned mode = 0644;
  bool secret = false;
};

/// The files of a new configuration, or of one more service where `adding`. `file`, its cdctl.toml,
/// comes last: before it is there, a run that was killed is simply run again.
[[nodiscard]] std::vector<NewFile> files_of(const InitAnswers& answers,
                                            const std::filesystem::path& file, bool adding);
/// Nothing is begun that would stop half-way: each file must be absent, or be the one that a killed
/// run has left. Exit code `refused`.
[[nodiscard]] Result<> refuse_taken(const std::vector<NewFile>& files);
/// Makes them, each with a record of its own.
[[nodiscard]] Result<> write_files(Context& context, const std::vector<NewFile>& files,
                                   bool dry_run);

}  // namespace cdctl::cli
