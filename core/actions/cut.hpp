#pragma once

#include <optional>
#include <string>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

/// Why a set is to be cut, and how fresh the evidence is.
struct CutCause {
  std::string why;
  std::optional<Time> last_evidence;  ///< empty: a person said so
};

struct CutOptions {
  bool dry_run = false;
  bool even_last = false;  ///< also if less than min_live stays
};

/// One cut: guards, memory, switches, and the count again; then the world. Writes the outcome
/// record; false when it failed or was refused.
bool cut_set(app::Context& context, const SetName& set, CutCause cause, const CutOptions& options,
             const Deadline& deadline);

/// The same, and how it ended: a caller may try again what could not be asked.
ExitCode try_to_cut(app::Context& context, const SetName& set, CutCause cause,
                    const CutOptions& options, const Deadline& deadline);

}  // namespace cdctl::actions
