package fact

import (
	"fmt"
	"strconv"
	"time"
)

// Date is a day, a month or a year of the Gregorian calendar, packed as
// year<<9 | month<<5 | day with month and day 0 when unknown. The zero Date is
// open (no bound). Dates of unlike precision compare by [Date.First] and
// [Date.Last].
type Date uint32

// Bounds of the years a Date can hold.
const (
	MinYear = 1
	MaxYear = 9999
)

// NewDate returns the date, which may leave day, or day and month, at 0.
func NewDate(year, month, day int) (Date, error) {
	if year < MinYear || year > MaxYear {
		return 0, fmt.Errorf("year %d is outside %d to %d", year, MinYear, MaxYear)
	}
	if month < 0 || month > 12 {
		return 0, fmt.Errorf("month %d is outside 1 to 12", month)
	}
	if day != 0 && (month == 0 || day < 0 || day > daysIn(year, month)) {
		return 0, fmt.Errorf("day %d is not in %04d-%02d", day, year, month)
	}
	return Date(year<<9 | month<<5 | day), nil
}

// ParseDate reads "2006", "2006-01" or "2006-01-02". The empty string is the
// open date.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return 0, nil
	}
	bad := fmt.Errorf("date %q is not YYYY, YYYY-MM or YYYY-MM-DD", s)
	if n := len(s); n != 4 && n != 7 && n != 10 || n > 4 && s[4] != '-' || n > 7 && s[7] != '-' {
		return 0, bad
	}
	var part [3]int
	for i, at := 0, 0; at < len(s); i++ {
		end := at + 2
		if i == 0 {
			end = 4
		}
		n, err := strconv.ParseUint(s[at:end], 10, 16)
		if err != nil || i > 0 && n == 0 {
			return 0, bad
		}
		part[i] = int(n)
		at = end + 1
	}
	d, err := NewDate(part[0], part[1], part[2])
	if err != nil {
		return 0, fmt.Errorf("date %q: %w", s, err)
	}
	return d, nil
}

// DateOf returns the day of t in t's location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date(year<<9 | int(month)<<5 | day)
}

// Year, Month and Day return the parts; month and day are 0 when unknown.
func (d Date) Year() int  { return int(d >> 9) }
func (d Date) Month() int { return int(d >> 5 & 15) }
func (d Date) Day() int   { return int(d & 31) }

// IsZero reports whether d is open.
func (d Date) IsZero() bool { return d == 0 }

// First returns the earliest day that d can stand for.
func (d Date) First() Date {
	if d == 0 {
		return 0
	}
	if d.Month() == 0 {
		d |= 1 << 5
	}
	if d.Day() == 0 {
		d |= 1
	}
	return d
}

// Last returns the latest day that d can stand for; open is after every day.
func (d Date) Last() Date {
	if d == 0 {
		return ^Date(0)
	}
	if d.Month() == 0 {
		d |= 12 << 5
	}
	if d.Day() == 0 {
		d |= Date(daysIn(d.Year(), d.Month()))
	}
	return d
}

// Within reports whether day d lies between from and to, both included and
// either open. An open d lies within everything.
func (d Date) Within(from, to Date) bool {
	return d == 0 || d.Last() >= from.First() && d.First() <= to.Last()
}

// String returns the date in ISO 8601 at its precision; open is "".
func (d Date) String() string {
	switch {
	case d == 0:
		return ""
	case d.Month() == 0:
		return fmt.Sprintf("%04d", d.Year())
	case d.Day() == 0:
		return fmt.Sprintf("%04d-%02d", d.Year(), d.Month())
	default:
		return fmt.Sprintf("%04d-%02d-%02d", d.Year(), d.Month(), d.Day())
	}
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
