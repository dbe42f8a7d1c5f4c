use super::*;

#[test]
fn sparkline_is_as_drawn() {
    assert_eq!(
        sparkline(&[1, 3, 2], "reads"),
        "<svg class=\"spark\" viewBox=\"0 0 108 32\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Last 3 months, from 1 to 2 reads\">\
         <path class=\"fill\" d=\"M0.0 29.0L54.0 3.0L108.0 16.0V32H0Z\"/>\
         <path d=\"M0.0 29.0L54.0 3.0L108.0 16.0\"/></svg>"
    );
}

#[test]
fn sparkline_needs_two_numbers_and_survives_any() {
    assert_eq!(sparkline(&[], "x"), "");
    assert_eq!(sparkline(&[7], "x"), "");
    for series in [&[0, 0][..], &[u64::MAX, 0], &[5, 5, 5]] {
        let svg = sparkline(series, "\"><script>");
        assert!(
            svg.ends_with("</svg>") && !svg.contains("NaN") && !svg.contains("<script"),
            "{svg}"
        );
    }
}

#[test]
fn hour_bars_say_their_finding_and_hold_their_values() {
    let svg = hour_bars(&[0, 21, 5], 2, &[]);
    assert!(
        svg.contains("aria-label=\"Reads per hour today. Busiest so far: 1:00 with 21 reads.\"")
    );
    assert!(svg.contains("<rect class=\"bar now\" x=\"8.88%\""), "{svg}");
    assert!(svg.contains("<tr><th scope=\"row\">1:00</th><td>21</td></tr>"));
    assert_eq!(svg.matches("<rect").count(), 2);
}

#[test]
fn a_usual_day_is_a_dashed_line_with_its_values() {
    let svg = hour_bars(&[0, 21, 5], 2, &[0, 40, 60]);
    assert!(svg.contains("<path class=\"usual\" d=\"M0.5 206L1.5 78"), "{svg}");
    assert!(svg.contains("<td>21</td><td>40</td>") && svg.contains("Busiest so far: 1:00"));
    assert!(hour_bars(&[], 0, &[1]).contains("No reads today so far."));
}

#[test]
fn hour_bars_survive_nothing_and_too_much() {
    let none = hour_bars(&[], 99, &[]);
    assert!(none.contains("None so far") && !none.contains("NaN") && !none.contains("<rect"));
    let much = hour_bars(&[u64::MAX; 40], usize::MAX, &[u64::MAX; 40]);
    assert_eq!(much.matches("<rect").count(), 24);
    assert!(!much.contains("NaN") && !much.contains("inf"));
}

#[test]
fn rules_are_few_and_round() {
    for (most, expected) in [
        (0, vec![]),
        (1, vec![1]),
        (3, vec![1, 2, 3]),
        (240, vec![100, 200, 300]),
        (101, vec![50, 100, 150]),
        (6000, vec![2000, 4000, 6000]),
    ] {
        let (top, found) = rules(most);
        assert_eq!(found, expected, "{most}");
        assert!(top >= most);
    }
    assert!(rules(u64::MAX).1.len() <= 3);
}

#[test]
fn meters_stay_in_their_range() {
    assert_eq!(
        rank_meter(5, 0),
        "<meter class=\"full\" min=\"0\" max=\"1\" value=\"1\" aria-hidden=\"true\"></meter>"
    );
    assert!(confidence(f32::NAN, 80.0).contains("value=\"0.0\""));
    assert!(
        confidence(400.0, 80.0).contains(">100.0</span>")
            || confidence(400.0, 80.0).ends_with("100.0</span>")
    );
}
