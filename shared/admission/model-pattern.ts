/**
 * Whether a model name matches a pattern in which `*` stands for any characters (slashes too, none too)
 * and `?` for exactly one. Everything else stands for itself, case included.
 *
 * Walks both strings once and goes back to the last `*` only, so that no pattern an operator writes
 * can take more than pattern length × name length steps.
 */
export function matchesModelPattern(pattern: string, name: string): boolean {
  let patternIndex = 0;
  let nameIndex = 0;
  let lastStar = -1;
  let nameIndexAtStar = 0;
  while (nameIndex < name.length) {
    if (pattern[patternIndex] === '*') {
      lastStar = patternIndex;
      nameIndexAtStar = nameIndex;
      patternIndex += 1;
    } else if (pattern[patternIndex] === '?' || pattern[patternIndex] === name[nameIndex]) {
      patternIndex += 1;
      nameIndex += 1;
    } else if (lastStar >= 0) {
      nameIndexAtStar += 1;
      nameIndex = nameIndexAtStar;
      patternIndex = lastStar + 1;
    } else {
      return false;
    }
  }
  while (pattern[patternIndex] === '*') patternIndex += 1;
  return patternIndex === pattern.length;
}
