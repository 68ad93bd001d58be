"""Words that tell of benefit, harm, prevention, a negative or a study, and which of them stand around a pair.

Learned prose is mostly about harm, so that single words of benefit are seldom seen in it. Taken together under one
sign they are seen often enough to count, also those that no sentence taught.

This module refuses to judge: what a sign weighs is learned.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

CUES: tuple[str, ...] = (
    # benefit
    """treat treats treated treating treatment treatments therapy therapies therapeutic therapeutically effective
    effectively effectiveness efficacy efficacious benefit benefits beneficial benefited improve improves improved
    improving improvement improvements relief relieve relieves relieved relieving cure cures cured curative curing
    respond responds responded responding response responses responders responsive remission remissions superior
    inferior placebo randomized randomised trial trials survival management manage managed managing control controls
    controlled useful usefulness successful successfully success indicated indication indications alleviate alleviates
    alleviated ameliorate ameliorates ameliorated resolve resolved resolution recover recovered recovery heal healed
    healing versus compared comparison comparing phase option options regimen regimens active activity feasible
    eradicate eradicated eradication suppress suppressed suppresses inhibit inhibited inhibits inhibiting regression
    palliation palliative palliate role choice alternative prescribed undergoing underwent candidates salvage adjuvant
    neoadjuvant refractory resistant""",
    # harm
    """induced induce induces inducing cause caused causes causing associated association developed develop develops
    developing development toxicity toxicities toxic complication complications complicated complicating adverse side
    reaction reactions secondary due attributable attributed related relation resulting resulted precipitated provoked
    provoke triggered led lead leads leading occurred occur occurs occurring occurrence worsened worsening exacerbated
    exacerbation aggravated discontinued discontinuation withdrawal withdrawn stopped cessation fatal experienced
    presented presenting overdose poisoning intoxication rechallenge sequel sequelae unusual rare syndrome possible
    probable suspected onset""",
    # prevention
    """prevent prevents prevented preventing prevention preventive prophylaxis prophylactic prophylactically protect
    protects protected protecting protection protective vaccine vaccines vaccination vaccinations vaccinated
    immunization immunisation immunizations immunized incidence reduce reduces reduced reducing reduction risk lower
    lowers lowered avert averts""",
    # a negative
    """no not without failed fail fails failure neither nor lack lacked contraindicated avoid avoided ineffective never
    unlikely unaffected excluded unable cannot""",
    # a study of something else
    """effect effects influence pharmacokinetics kinetics clearance levels concentrations plasma serum diagnosis
    diagnostic diagnosed knowledge attitudes function receptors metabolism absorption physiology physiological""",
)


def cues() -> Mapping[str, int]:
    """When called, it will give the signs of each word that has one, as bits of a number in their order in `CUES`."""
    out: dict[str, int] = {}
    for bit, words in enumerate(CUES):
        for word in words.split():
            out[word] = out.get(word, 0) | 1 << bit
    return out


def seen_between(signs: IntArray, *stretches: tuple[IntArray, IntArray]) -> list[IntArray]:
    """When called, it will give for each of P pairs the signs that stand in each stretch of tokens, as bits.

    Parameters
    ----------
    signs : int64 array of shape (N,)
        The signs of each token.
    stretches : pairs of int64 arrays of shape (P,)
        Tokens from the first up to the second; none where they meet.
    """
    bits = signs[:, None] >> np.arange(len(CUES)) & 1
    total = np.zeros((len(signs) + 1, len(CUES)), np.int64)
    np.cumsum(bits, axis=0, out=total[1:])
    powers = 1 << np.arange(len(CUES))
    return [(total[stop] > total[start]) @ powers for start, stop in stretches]
