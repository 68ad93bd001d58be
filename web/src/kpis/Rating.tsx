// How content somebody is: one to five stars, by mouse or by number key while in focus.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, told } from "../api/client";
import { queries } from "../api/queries";
import { Card } from "../parts/Page";
import { Icon } from "../parts/Icon";
import css from "./kpis.module.css";

const WORDS = ["", "It hinders me", "More work than help", "It does", "It helps", "I would not want to miss it"];

export function Rating() {
  const [over, setOver] = useState(0);
  const rate = useMutation({
    mutationFn: (stars: number) => told(api.POST("/api/v1/kpis/rating", { body: { stars } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["kpis"] }),
  });
  const given = rate.isSuccess ? rate.variables : 0;
  const lit = over || given;
  return (
    <Card title="How content are you?" about={given ? "Thank you. You can say it again whenever it changes." : "It counts towards user satisfaction, without your name."}>
      <div className={css.stars} role="radiogroup" aria-label="how content" onMouseLeave={() => setOver(0)}>
        {[1, 2, 3, 4, 5].map((stars) => (
          <button key={stars} type="button" role="radio" aria-checked={given === stars} aria-label={WORDS[stars]} data-lit={stars <= lit || undefined} onMouseEnter={() => setOver(stars)} onFocus={() => setOver(stars)} onBlur={() => setOver(0)} onClick={() => rate.mutate(stars)} disabled={rate.isPending}>
            <Icon name="star" size={20} filled={stars <= lit} />
          </button>
        ))}
        <span className="muted">{WORDS[lit]}</span>
      </div>
    </Card>
  );
}
