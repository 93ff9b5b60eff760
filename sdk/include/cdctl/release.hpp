#pragma once

namespace cdctl {

/// The process type of a Procfile that is no unit: a revision runs it once, to its end, before its
/// units are started.
inline constexpr const char* k_release = "release";

}  // namespace cdctl
