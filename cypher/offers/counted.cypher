// name: offers.counted
// purpose: Count, in each window, what a contact was presented at some times, or what it accepted or refused of it.
// needs: times
[window IN $windows | size([time IN times
      WHERE (window[1] IS NULL OR window[1] = time[1])
        AND (NOT window[2] OR time[3])
        AND (window[0] IS NULL OR (CASE WHEN window[1] IS NULL THEN time[0] ELSE time[2] END) >= $now - duration(window[0]))
    ])]
