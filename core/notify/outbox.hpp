#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/roles/sink.hpp>
#include <cdctl/time.hpp>

namespace cdctl::notify {

/// How much may wait for one receiver. Beyond it the oldest go, signals first, and are counted.
struct OutboxBounds {
  std::uintmax_t segment = 8u << 20;
  std::uintmax_t total = 256u << 20;
};

/// What waits to be sent to one receiver, in the home's folder of a configuration, in the order in
/// which it came: at least once, over kills and reboots. Any number of processes may add at once;
/// one at a time sends (SenderTurn).
///
///     notify/RECEIVER/N.ndjson         what came, the oldest first; a sent file is removed
///                     again.ndjson     what the receiver did not take this time, before all others
///                     position.json    how far it was sent, and how that went
///                     refused.ndjson   what it will never take, with its words
class Outbox {
 public:
  /// Makes the folder. Exit code `failed` when it cannot.
  [[nodiscard]] static Result<Outbox> open(const std::filesystem::path& own,
                                           const std::string& receiver, OutboxBounds bounds = {});
  /// Keeps records, a line each without its line break. On the disk when it returns; all or none.
  [[nodiscard]] Result<> put(std::span<const std::string> lines) const;

  struct Batch {
    std::vector<Json> records;
    std::vector<std::string> lines;  ///< of the records
    std::size_t unreadable = 0;      ///< lines that are no records: passed over
    std::uint64_t segment = 0;       ///< 0: from again.ndjson
    std::uint64_t end = 0;           ///< where in the segment the next one begins
    std::vector<std::string> left;   ///< of again.ndjson, behind this batch
  };
  /// The next records to send; none when nothing waits.
  [[nodiscard]] Result<Batch> take(std::size_t most_records, std::size_t most_bytes);
  /// What became of a batch: those to be sent again go to the front, refused ones to the dead
  /// letters. An answer without a `why` is no trouble, also when there was no time for all.
  [[nodiscard]] Result<> settle(const Batch& batch, const PassAnswer& answer);
  /// Nothing of a batch was taken: not to be tried before `wait` is over.
  [[nodiscard]] Result<> put_off(Millis wait, const std::string& why);
  /// Counts records that could not be kept, also where a disk is full.
  void count_dropped(std::int64_t count) const;

  /// How it stands, for people and for back-off.
  struct Status {
    std::uint64_t waiting_bytes = 0, waiting = 0;
    std::int64_t sent = 0, refused = 0, dropped = 0, tries = 0;
    std::uint64_t letters = 0;  ///< refused, and not replayed since
    std::optional<Time> last_sent, not_before;
    std::string why;  ///< of the last try that failed, empty after one that worked
  };
  /// `count`: also how many records wait, and how many dead letters there are, which reads them.
  [[nodiscard]] Result<Status> status(bool count) const;
  /// Puts refused records back, to be sent once more. Gives their number.
  [[nodiscard]] Result<std::size_t> replay();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  struct Position {
    std::uint64_t segment = 1, offset = 0;
    std::int64_t sent = 0, refused = 0, tries = 0;
    std::optional<Time> last_sent, not_before;
    std::string why;
  };
  [[nodiscard]] Result<Position> position() const;
  [[nodiscard]] Result<> store(const Position& position) const;
  [[nodiscard]] Result<> keep_refused(const Batch& batch, const PassAnswer& answer) const;
  [[nodiscard]] Result<Batch> take_again(const std::string& text, std::size_t most_records,
                                         std::size_t most_bytes) const;
  void make_room(const std::vector<std::uint64_t>& segments) const;

  std::filesystem::path folder_;
  OutboxBounds bounds_;
};

/// Who sends for a receiver at present.
[[nodiscard]] Result<std::optional<OfdLock>> sender_turn(const Outbox& outbox,
                                                         const Deadline& deadline);

/// The receivers that have an outbox, by name, those of an earlier configuration among them. Exit
/// code `unknown` where the home cannot be read.
[[nodiscard]] Result<std::vector<std::string>> outboxes(const std::filesystem::path& own);

}  // namespace cdctl::notify
