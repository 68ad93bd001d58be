// Notes to try, written for this page; nobody's.
export const EXAMPLES: readonly { name: string; text: string }[] = [
  {
    name: "Clinic visit",
    text: `REASON FOR VISIT
Follow-up of type 2 diabetes and hypertension.

HISTORY
Mrs. Alvarez is a 61-year-old retired teacher. Her morning sugars have crept up since she stopped walking in the winter. She denies chest pain, blurred vision or numbness in the feet. She had pneumonia three years ago. Her father had a stroke at 70.

MEDICATIONS
Metformin 500 mg twice daily, lisinopril 10 mg daily, atorvastatin 20 mg at night.

ASSESSMENT AND PLAN
1. Type 2 diabetes mellitus, not at goal - increase metformin to 1000 mg twice daily, diabetic diet.
2. Hypertension - continue lisinopril.
3. Possible sleep apnea - home sleep study.
Return if she has dizziness or fainting.
`,
  },
  {
    name: "Discharge letter",
    text: `HOSPITAL COURSE: Mr. Osei, 72, came with three days of fever and productive cough. Chest film showed a right lower lobe pneumonia. Blood cultures were negative and there was no pleural effusion. He was treated with ceftriaxone and azithromycin and needed oxygen for two days. Atrial fibrillation with a fast rate on the first night settled with metoprolol; apixaban was started to prevent stroke. A rash appeared after the second dose of ceftriaxone, which was changed to levofloxacin.

PAST HISTORY: appendectomy in childhood, gout, former smoker.

DISCHARGE: home on levofloxacin for four more days, metoprolol 25 mg twice daily, apixaban 5 mg twice daily. No evidence of heart failure.
`,
  },
  {
    name: "Telephone note",
    text: `Mother calls about Theo, 4 years old: ear pain and a fever of 39.1 since last night, no vomiting, no rash. He is drinking. He had otitis media twice last year, treated with amoxicillin. Advised ibuprofen for the pain and to come in this afternoon; likely another ear infection. His older brother has asthma. Call back if he becomes drowsy or has a stiff neck.
`,
  },
];
